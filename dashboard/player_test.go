package dashboard

import (
	"testing"
	"time"
)

func TestPlayerSpeed(t *testing.T) {
	p := newPlayer(recording(t))
	for range 10 {
		p.faster(true)
	}
	if p.speed != MaxSpeed {
		t.Errorf("speed %d", p.speed)
	}
	p.advance(100 * time.Millisecond)
	if got := p.at.Sub(p.from()); got != 3200*time.Millisecond {
		t.Errorf("0.1 s at 32x is %v", got)
	}
	for range 10 {
		p.faster(false)
	}
	p.paused = true
	if p.advance(time.Second) || p.speed != 1 {
		t.Error("a paused player went on, or is not at speed 1")
	}
	p.paused = false
	p.step(1)
	cell := p.story.cell
	p.step(1)
	if p.story.cell == cell {
		t.Error("a step leads to the same cell")
	}
	p.step(-1)
	if p.story.cell != cell {
		t.Errorf("back leads to %s, not %s", p.story.cell.ID, cell.ID)
	}
	p.nextRound()
	if p.story.cell.Round != 2 {
		t.Errorf("the next round is %d", p.story.cell.Round)
	}
	empty := newPlayer(Recording{})
	empty.seekPart(0.5)
	empty.step(1)
	empty.step(-1)
	if !empty.over() || empty.part() != 1 {
		t.Error("a recording without events is not at its end")
	}
}

// TestStepBack: a step back leads to the cell before, again and again, while the replay plays
// on between the presses of the key; a second later to the begin of the cell that is shown.
func TestStepBack(t *testing.T) {
	for _, speed := range []int{1, 32} {
		p := newPlayer(recording(t))
		p.seekPart(0.6)
		p.step(-1)
		p.speed = speed
		for range 5 {
			before := p.at
			p.advance(250 * time.Millisecond)
			if p.step(-1); !p.at.Before(before) {
				t.Errorf("at %dx a step back leads from %v to %v", speed, before, p.at)
			}
		}
		p.speed = 1
		at := p.at
		p.advance(time.Second)
		if p.step(-1); p.at.Before(at) {
			t.Errorf("at %dx a step after a second leads to %v, before the begin of the cell, %v", speed, p.at, at)
		}
		p.seekPart(0.9)
		if p.step(-1); p.part() < 0.7 {
			t.Errorf("a step after a seek leads to %v", p.part())
		}
	}
}
