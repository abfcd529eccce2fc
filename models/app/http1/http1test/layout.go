package http1test

import (
	"github.com/c10kit/c10kit/models/buf"
)

// Layout is a way to put the same bytes into a connection's input: in which
// blocks, and in how many wake-ups.
type Layout struct {
	Name string
	fill func(d *Driver, data []byte)
}

// OneBlock is the layout of a small read: one window, with room behind it.
var OneBlock = Layout{"one block", func(d *Driver, data []byte) { d.Conn.In.Append(data) }}

// BlockPerByte puts every byte into a block of its own, all at once.
var BlockPerByte = Layout{"a block per byte", func(d *Driver, data []byte) {
	for i := range data {
		d.foreign(data[i : i+1])
	}
}}

// Foreign is the layout of a provided-buffer ring: memory that is lent.
var Foreign = Layout{"foreign", func(d *Driver, data []byte) { d.foreign(data) }}

// Shared puts the bytes into blocks that somebody else refers to as well, so that
// nothing around them may be written.
var Shared = Layout{"shared", func(d *Driver, data []byte) {
	var other buf.Chain
	other.Init(d.Worker.Pool)
	other.Append(data)
	d.Conn.In.Share(&other, 0, other.Len())
	other.Release()
	// The window behind is what keeps the block shared.
	other.Share(&d.Conn.In, d.Conn.In.Len()-1, 1)
	d.kept.MoveAll(&other)
}}

// ByteByByte delivers a byte per wake-up, into the room behind the last.
var ByteByByte = Layout{"a byte at a time", func(d *Driver, data []byte) {
	d.trickle(data, func(p []byte) { d.Conn.In.Append(p) })
}}

// ForeignByByte delivers a byte per wake-up, each in a block of its own.
var ForeignByByte = Layout{"a foreign byte at a time", func(d *Driver, data []byte) {
	d.trickle(data, d.foreign)
}}

// SplitAt delivers the bytes up to i, then the others, in two wake-ups and blocks.
func SplitAt(i int) Layout {
	return Layout{"split", func(d *Driver, data []byte) {
		i := min(i, len(data))
		if i > 0 {
			d.foreign(data[:i])
			d.run()
		}
		if !d.Done() {
			d.foreign(data[i:])
		}
	}}
}

// Layouts are all of them but SplitAt.
var Layouts = []Layout{OneBlock, BlockPerByte, Foreign, Shared, ByteByByte, ForeignByByte}

// foreign appends lent memory.
func (d *Driver) foreign(p []byte) {
	if len(p) > 0 {
		d.lender.lent++
		d.Conn.In.AppendForeign(p, &d.lender, 0)
	}
}

// trickle delivers a byte per wake-up; the last one is left to the caller's run.
func (d *Driver) trickle(data []byte, put func([]byte)) {
	for i := range data {
		put(data[i : i+1])
		if i < len(data)-1 {
			if d.run(); d.Done() {
				return
			}
		}
	}
}
