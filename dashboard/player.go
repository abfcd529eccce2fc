package dashboard

import (
	"sort"
	"time"

	"github.com/c10kit/c10kit/results"
)

// player plays a stored run: it holds the time that the screen shows and the story up to
// there. It belongs to one goroutine.
type player struct {
	recording Recording
	story     *story
	next      int       // the first event that is not in story
	at        time.Time // the time that is shown
	speed     int       // seconds of the run a second, 1 to MaxSpeed
	paused    bool
	stepped   time.Time     // where the latest step back led
	since     time.Duration // how long ago that was, on the user's clock
}

// Head is what is known of a run before its first event.
type Head struct {
	Dir         string // where it is kept, for the user to find it
	Manifest    results.Manifest
	Predictions []results.Prediction // locked before the run
	Warnings    []string             // what is damaged in the folder
}

// NewHead returns that of a run whose folder was opened.
func NewHead(s *results.Stored) Head {
	return Head{Dir: s.Dir, Manifest: s.Manifest, Predictions: s.Predictions, Warnings: s.Warnings}
}

// Recording is a stored run to be shown.
type Recording struct {
	Head
	Events []results.Event
}

// Record returns a stored run as a recording.
func Record(s *results.Stored) Recording {
	return Recording{Head: NewHead(s), Events: s.Events()}
}

// story is all of it.
func (r Recording) story() *story {
	s := newStory(r.Head)
	for _, e := range r.Events {
		s.fold(e)
	}
	return s
}

// MaxSpeed is how many times as fast as it was a stored run is shown at most.
const MaxSpeed = 32

func newPlayer(r Recording) *player {
	p := &player{recording: r, speed: 1}
	p.rewind()
	return p
}

func (p *player) rewind() {
	p.story = newStory(p.recording.Head)
	p.next = 0
	p.at, p.stepped = p.from(), time.Time{}
}

func (p *player) from() time.Time {
	if len(p.recording.Events) == 0 {
		return p.recording.Manifest.Start
	}
	return p.recording.Events[0].At
}

func (p *player) to() time.Time {
	if n := len(p.recording.Events); n > 0 {
		return p.recording.Events[n-1].At
	}
	return p.recording.Manifest.Start
}

// advance lets real time pass. It reports whether anything happened.
func (p *player) advance(real time.Duration) bool {
	if p.paused || p.over() {
		return false
	}
	p.at = p.at.Add(real * time.Duration(p.speed))
	p.since += real
	if p.at.After(p.to()) {
		p.at = p.to()
	}
	before := p.next
	p.play()
	return p.next != before
}

// play folds the events up to the time that is shown.
func (p *player) play() {
	for p.next < len(p.recording.Events) && !p.recording.Events[p.next].At.After(p.at) {
		p.story.fold(p.recording.Events[p.next])
		p.next++
	}
}

// over reports whether the recording is at its end.
func (p *player) over() bool { return p.next >= len(p.recording.Events) }

// seek shows the moment t. Going back folds the run again from its beginning: some
// milliseconds for a run of a thousand cells, and there is only one way to make a story.
func (p *player) seek(t time.Time) {
	if t.Before(p.from()) {
		t = p.from()
	}
	if t.After(p.to()) {
		t = p.to()
	}
	if t.Before(p.at) {
		p.rewind()
	}
	p.at, p.stepped = t, time.Time{}
	p.play()
}

// seekPart shows the moment at a part of the run, from 0 to 1.
func (p *player) seekPart(part float64) {
	part = min(max(part, 0), 1)
	p.seek(p.from().Add(time.Duration(part * float64(p.to().Sub(p.from())))))
}

// part is the inverse of seekPart.
func (p *player) part() float64 {
	whole := p.to().Sub(p.from())
	if whole <= 0 {
		return 1
	}
	return float64(p.at.Sub(p.from())) / float64(whole)
}

// stepAgain is how long after a step back another one goes on from where that led: the replay has
// played on meanwhile, at 32 times its pace through many cells.
const stepAgain = time.Second

// step goes to the beginning of the next cell (by > 0) or to that of this cell or the one
// before, as a player of music does.
func (p *player) step(by int) {
	begins := p.begins(func(results.Event) bool { return true })
	if by > 0 {
		p.seekFirstAfter(begins)
		return
	}
	from := p.at
	if !p.stepped.IsZero() && p.since < stepAgain {
		from = p.stepped
	}
	to := p.from()
	if i := sort.Search(len(begins), func(i int) bool { return !begins[i].Before(from) }); i > 0 {
		to = begins[i-1]
	}
	p.seek(to)
	p.stepped, p.since = to, 0
}

// nextRound goes to the first cell of a later round.
func (p *player) nextRound() {
	now := p.story.cell.Round
	p.seekFirstAfter(p.begins(func(e results.Event) bool { return e.Cell.Round > now }))
}

func (p *player) seekFirstAfter(times []time.Time) {
	for _, t := range times {
		if t.After(p.at) {
			p.seek(t)
			return
		}
	}
	p.seek(p.to())
}

func (p *player) begins(want func(results.Event) bool) []time.Time {
	var times []time.Time
	for _, e := range p.recording.Events {
		if e.Kind == results.EventBegin && want(e) {
			times = append(times, e.At)
		}
	}
	return times
}

// faster doubles (up) or halves the speed within 1 to MaxSpeed.
func (p *player) faster(up bool) {
	if up {
		p.speed = min(p.speed*2, MaxSpeed)
	} else {
		p.speed = max(p.speed/2, 1)
	}
}
