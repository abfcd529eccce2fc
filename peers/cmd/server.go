package cmd

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/internal/quiet"
	"github.com/c10kit/c10kit/models"
)

// startTimeout bounds how long a command may take to listen. It is less than
// control.StartTimeout, at which whoever waits for this server kills it, reason and all.
const startTimeout = 9 * time.Second

// hurryAfter is when a command that was told gently, and has so long to drain, is told
// to hurry: half of five seconds must do for that, httpd takes one to notice.
func hurryAfter(drain time.Duration) time.Duration { return drain / 2 }

// killAfter is when it is killed: early enough to reap it and to say so before the
// process that serves is out of time itself.
func killAfter(drain time.Duration) time.Duration {
	return drain - max(drain/10, min(drain/2, 500*time.Millisecond))
}

// look is how often a starting server looks whether the command listens: a look costs
// tens of microseconds, and a command that is up counts from then on.
const look = 5 * time.Millisecond

// server is a command at work: a models.Starter.
type server struct {
	env       *models.Env
	program   program
	listening chan struct{}
	root      int           // of the command; valid when listening is closed
	patience  time.Duration // startTimeout
}

var (
	_ models.Starter = (*server)(nil)
	_ models.Rooted  = (*server)(nil)
)

// Root implements models.Rooted.
func (s *server) Root() int { return s.root }

// Listening implements models.Starter.
func (s *server) Listening() <-chan struct{} { return s.listening }

// Serve implements models.Server. The process must have no children but the command's:
// it becomes the subreaper of what a guard that was killed leaves behind.
func (s *server) Serve() error {
	quiet.All() // it is part of the tree that is counted
	if err := subreaper(); err != nil {
		return err
	}
	dir, err := newFolder()
	if err != nil {
		return err
	}
	return errors.Join(s.serveFrom(dir), dir.remove())
}

func (s *server) serveFrom(dir *folder) error {
	argv, err := s.program.prepare(newSite(s.env, dir.path))
	if err != nil {
		return err
	}
	g, err := start(argv, dir)
	if err != nil {
		return err
	}
	defer g.lifeline.Close()
	name := filepath.Base(argv[0])
	if up, err := s.up(g); err != nil || !up {
		return said(name, err, g)
	}
	s.root = g.pid
	close(s.listening)
	select {
	case <-g.ended:
		return said(name, g.how("ended while it served"), g)
	case <-s.env.Draining():
		return said(name, s.drain(g), g)
	}
}

// said adds name and output of the command to what went wrong.
func said(name string, err error, g *guarded) error {
	if err == nil {
		return nil
	}
	if text := g.output.String(); text != "" {
		return fmt.Errorf("%s %w; it said:\n%s", name, err, text)
	}
	return fmt.Errorf("%s %w; it said nothing", name, err)
}

// up waits until the command listens. Not up and no error is a drain that came before,
// and is over.
func (s *server) up(g *guarded) (up bool, err error) {
	addr := s.env.Listener.Addr
	late := time.NewTimer(s.patience)
	defer late.Stop()
	looks := time.NewTicker(look)
	defer looks.Stop()
	var lookErr error // of the last look: one that the command's end spoilt is followed by that
	for !up {
		select {
		case <-g.ended:
			return false, g.early(addr)
		case <-s.env.Draining():
			return false, s.drain(g)
		case <-late.C:
			g.signal(unix.SIGKILL)
			<-g.ended
			return false, errors.Join(fmt.Errorf("did not listen on %s within %v (%s)", addr, s.patience, listenHint), lookErr)
		case <-looks.C:
			up, lookErr = listens(g.cmd.Process.Pid, g.pid, addr)
		}
	}
	return true, nil
}

// Hints about what users of their own commands meet first.
const (
	listenHint     = "does its command line have {addr}, or {host} and {port}?"
	backgroundHint = "did it go into the background? use what keeps it in the foreground, as \"daemon off;\" does nginx"
	addressHint    = "if the address is in use: c10kit keeps it bound, so the command must set SO_REUSEADDR"
)

// drain ends the command: gently, then in a hurry, then by force.
func (s *server) drain(g *guarded) error {
	gentle, limit := s.program.gentle, s.env.Config.Drain
	g.signal(gentle)
	hurry := time.NewTimer(hurryAfter(limit))
	if gentle == unix.SIGTERM {
		hurry.Stop() // twice the same word may mean another thing
	}
	kill := time.NewTimer(killAfter(limit))
	defer hurry.Stop()
	defer kill.Stop()
	for {
		select {
		case <-g.ended:
			return g.drained(gentle)
		case <-hurry.C:
			g.signal(unix.SIGTERM)
		case <-kill.C:
			g.signal(unix.SIGKILL)
			<-g.ended
			return fmt.Errorf("did not end within %v of %s and was killed (--drain is how long it may take)", limit, unix.SignalName(gentle))
		}
	}
}

// how tells how the command ended, after g.ended.
func (g *guarded) how(when string) error {
	if g.err != nil {
		return fmt.Errorf("%s: %w", when, g.err)
	}
	return fmt.Errorf("%s: %s", when, describe(g.status))
}

// early is about a command that ended before it listened.
func (g *guarded) early(addr netip.AddrPort) error {
	hint := addressHint
	if g.err == nil && g.status.Exited() && g.status.ExitStatus() == 0 {
		hint = backgroundHint
	}
	return fmt.Errorf("%w (%s)", g.how(fmt.Sprintf("ended before it listened on %s", addr)), hint)
}

// drained is nil for a command that ended as one does that was sent such a signal: with
// status 0, by the signal, or with the status that a shell gives that.
func (g *guarded) drained(gentle syscall.Signal) error {
	if g.err == nil {
		if g.status.Exited() && g.status.ExitStatus() == 0 {
			return nil
		}
		for _, s := range []syscall.Signal{gentle, unix.SIGTERM} {
			if g.status.Signaled() && g.status.Signal() == s || g.status.Exited() && g.status.ExitStatus() == 128+int(s) {
				return nil
			}
		}
	}
	return g.how(fmt.Sprintf("was sent %s and ended", unix.SignalName(gentle)))
}

// describe spells a status as a shell's user knows it.
func describe(s syscall.WaitStatus) string {
	if s.Signaled() {
		return "killed by " + unix.SignalName(s.Signal())
	}
	return fmt.Sprintf("exit status %d", s.ExitStatus())
}
