package probe

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
)

func pids(t Tree) []int {
	var all []int
	for _, p := range t {
		all = append(all, p.PID)
	}
	return all
}

// With and without the children files, the same tree.
func TestTreeRecorded(t *testing.T) {
	for _, name := range []string{"children", "nochildren"} {
		p := recorded(t, name)
		for pid, want := range map[int][]int{
			100: {100, 101, 102, 103}, 102: {102, 103}, 103: {103}, 201: {201},
			1: {1, 100, 101, 102, 103, 200, 201},
		} {
			tree, err := p.Tree(pid)
			got := pids(tree)
			if err != nil || len(got) == 0 || got[0] != pid {
				t.Errorf("%s: the tree of %d: %v, %v", name, pid, got, err)
			}
			above := map[int]bool{tree[0].Parent: true}
			for _, x := range tree {
				if !above[x.Parent] {
					t.Errorf("%s: the tree of %d: %d stands before its parent: %v", name, pid, x.PID, got)
				}
				above[x.PID] = true
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("%s: the tree of %d: %v, want %v", name, pid, got, want)
			}
		}
		tree, err := p.Tree(100)
		if err != nil || tree.Threads() != 6 || tree[0].Name != "a (b) S 7" || tree[0].String() != "100 (a (b) S 7)" {
			t.Errorf("%s: %d threads, %v, %v", name, tree.Threads(), tree[0], err)
		}
		_, err = p.Tree(999)
		want := "process 999: no such process: it has ended, or /proc hides it (hidepid, another PID namespace)"
		if !errors.Is(err, ErrGone) || err.Error() != want {
			t.Errorf("%s: no process: %v, want %s", name, err, want)
		}
	}
}

// A process whose parent ended between the two is read again.
func TestTreeOrphan(t *testing.T) {
	p := recorded(t, "nochildren")
	r := p.reader()
	if err := os.RemoveAll(p.Root + "/102"); err != nil {
		t.Fatal(err)
	}
	tree, err := p.Tree(100)
	if err != nil || !slices.Equal(pids(tree), []int{100, 101}) {
		t.Errorf("%v, %v", pids(tree), err)
	}
	c, err := r.all()
	if err != nil || len(c.children[102]) != 1 {
		t.Errorf("the orphan is lost: %v, %v", c.children, err)
	}
}

func TestTreeErrors(t *testing.T) {
	p := recorded(t, "children")
	if err := os.WriteFile(p.Root+"/100/stat", []byte("100 (torn"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Tree(100); err == nil || errors.Is(err, ErrGone) {
		t.Errorf("a torn stat: %v", err)
	}
}

// TestTreeLive: children and grandchildren, also of a process with so many threads
// that its children are looked for otherwise, and one whose own parent has ended.
func TestTreeLive(t *testing.T) {
	p := start(t, nil, "parent")
	p.tell("1")
	tree, err := Proc{}.Tree(p.pid())
	if err != nil || len(tree) != 2 || tree[1].Parent != p.pid() {
		t.Errorf("a parent and a child: %v, %v", tree, err)
	}
	p.tell("0")
	p.tell("-1")
	again, err := Proc{}.Tree(p.pid())
	if err != nil || len(again) != 2 || again[1].Parent != p.pid() || again[1].PID == tree[1].PID {
		t.Errorf("a parent and a grandchild: %v, %v", again, err)
	}
	p.tell("0")
	crowd := start(t, nil, "threads", fmt.Sprint(manyThreads+20))
	mine, err := Proc{}.Tree(os.Getpid())
	if got := pids(mine); err != nil || len(mine) != 3 || !slices.Contains(got, crowd.pid()) || !slices.Contains(got, p.pid()) {
		t.Errorf("this test and two children: %v, %v", mine, err)
	}
	if n := mine.Threads(); n < manyThreads+20 {
		t.Errorf("%d threads, want more than %d", n, manyThreads+20)
	}
}
