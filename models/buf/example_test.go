package buf_test

import (
	"fmt"

	"github.com/c10kit/c10kit/models/buf"
)

// A header is put in front of a body that stays where it is.
func ExampleChain() {
	pool := buf.NewPool(false)
	var in, out buf.Chain
	in.Init(pool)
	out.Init(pool)

	in.AppendString("hello, world\n") // what a read would have put there
	out.MoveAll(&in)
	out.Prepend([]byte("13 bytes: "))

	fmt.Print(string(out.Bytes()))
	out.Release()
	fmt.Println(pool.Live(), "blocks in use")
	// Output:
	// 13 bytes: hello, world
	// 0 blocks in use
}

// A block that many answers refer to is never copied.
func ExampleNewStatic() {
	zeros := buf.NewStatic(make([]byte, buf.LargeSize))
	var out buf.Chain
	out.Init(buf.NewPool(false))
	for range 16 {
		out.AppendStatic(zeros, 0, buf.LargeSize)
	}
	fmt.Println(out.Len(), "bytes,", out.Pool().Live(), "blocks of the pool")
	out.Release()
	// Output: 1048576 bytes, 0 blocks of the pool
}
