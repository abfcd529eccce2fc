package netns

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestCure gives each way in which machines forbid namespaces, as files of a /proc.
func TestCure(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		at    stage
		err   error
		want  []string // in the answer; none: an empty answer
	}{
		{"debian of old", map[string]string{"sys/kernel/unprivileged_userns_clone": "0\n"}, inClone, unix.EPERM, []string{"kernel.unprivileged_userns_clone=1"}},
		{"ubuntu", map[string]string{"sys/kernel/apparmor_restrict_unprivileged_userns": "1\n"}, inSetup, unix.EPERM, []string{"kernel.apparmor_restrict_unprivileged_userns=0"}},
		{"ubuntu, mapping", map[string]string{"sys/kernel/apparmor_restrict_unprivileged_userns": "1\n"}, inClone, unix.EACCES, []string{"kernel.apparmor_restrict_unprivileged_userns=0"}},
		{"hardened", map[string]string{"sys/user/max_user_namespaces": "0\n"}, inClone, unix.EPERM, []string{"user.max_user_namespaces=10000"}},
		{"limit", nil, inClone, unix.ENOSPC, []string{"user.max_user_namespaces=", "user.max_net_namespaces="}},
		{"container", map[string]string{"self/status": "Name:\tx\nSeccomp:\t2\nSeccomp_filters:\t1\n"}, inClone, unix.EPERM, []string{"seccomp", "--cap-add SYS_ADMIN"}},
		{"two reasons", map[string]string{"self/status": "Seccomp:\t2\n", "sys/kernel/unprivileged_userns_clone": "0\n"}, inClone, unix.EPERM, []string{"seccomp", "unprivileged_userns_clone"}},
		{"no reason found", map[string]string{"self/status": "Seccomp:\t0\n", "sys/kernel/unprivileged_userns_clone": "1\n"}, inClone, unix.EPERM, []string{"as root"}},
		{"read-only /proc/sys", nil, inSetup, unix.EROFS, []string{"--privileged"}},
		{"small kernel", nil, inClone, unix.EINVAL, []string{"CONFIG_NET_NS"}},
		{"another error", nil, inClone, unix.ENOMEM, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			proc := t.TempDir()
			for name, text := range c.files {
				path := filepath.Join(proc, name)
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			answer := cure(proc, c.at, os.NewSyscallError("clone", c.err))
			if len(c.want) == 0 && answer != "" {
				t.Errorf("%q, expected nothing", answer)
			}
			for _, part := range c.want {
				if !strings.Contains(answer, part) {
					t.Errorf("%q, expected %q in it", answer, part)
				}
			}
		})
	}
}

// TestLossCure checks that an ordinary user is told where loss can be made.
func TestLossCure(t *testing.T) {
	err := lossError("setsockopt SO_ATTACH_FILTER", unix.EPERM)
	if !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "CAP_NET_ADMIN") {
		t.Errorf("%v, expected EPERM and the capability", err)
	}
	if err := lossError("setsockopt", nil); err != nil {
		t.Errorf("no error became %v", err)
	}
}

// TestRefusal checks that errno and text of a trial child come out as one error.
func TestRefusal(t *testing.T) {
	if err := Supported(); err != nil {
		var errno unix.Errno
		if !errors.As(err, &errno) || !strings.Contains(err.Error(), "; ") {
			t.Fatalf("%v: expected an errno and a cure", err)
		}
		t.Skip(err)
	}
	cmd, err := command(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", "echo denied >&2; exit 1"}
	var talk strings.Builder
	cmd.Stderr = &talk
	got := refusal(cmd.Run(), strings.TrimSpace(talk.String()))
	if !errors.Is(got, unix.EPERM) || got.Error() != "denied" {
		t.Errorf("%v, expected EPERM with the child's words", got)
	}
}
