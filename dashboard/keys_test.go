package dashboard

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/bubbles/key"
)

// bindings are all of the key map, by the name of the field.
func bindings() map[string]key.Binding {
	all := map[string]key.Binding{}
	v := reflect.ValueOf(keys)
	for i := range v.NumField() {
		all[v.Type().Field(i).Name] = v.Field(i).Interface().(key.Binding)
	}
	return all
}

func has(list []key.Binding, b key.Binding) bool {
	return slices.ContainsFunc(list, func(x key.Binding) bool { return reflect.DeepEqual(x, b) })
}

// TestHelpListsEveryKey: what Update dispatches by, what help is made from and the key map
// are the same set, no key is taken twice, and the overlay fits 80x24.
func TestHelpListsEveryKey(t *testing.T) {
	var dispatched []key.Binding
	for _, a := range keys.actions() {
		dispatched = append(dispatched, a.binding)
	}
	seen := map[string]string{}
	for name, b := range bindings() {
		if !has(dispatched, b) {
			t.Errorf("nothing is done for %s", name)
		}
		if !has(helpLines(), b) {
			t.Errorf("%s is not in the help", name)
		}
		for _, k := range b.Keys() {
			if other, taken := seen[k]; taken {
				t.Errorf("the key %q is both %s and %s", k, name, other)
			}
			seen[k] = name
		}
	}
	if len(dispatched) != len(bindings()) || len(helpLines()) != len(bindings()) {
		t.Errorf("%d bindings, %d dispatched, %d in the help", len(bindings()), len(dispatched), len(helpLines()))
	}
	for _, size := range [][2]int{{80, 24}, {120, 35}, {160, 45}} {
		d := played(t, size[0], size[1], 1)
		press(d, "?")
		text := plainView(d)
		for name, b := range bindings() {
			if !strings.Contains(text, " "+b.Help().Key+" ") {
				t.Errorf("%v: the help does not show %s of %s", size, b.Help().Key, name)
			}
			// A description may be cut at 80 columns, its first word is not.
			if first, _, _ := strings.Cut(b.Help().Desc, " "); !strings.Contains(text, first) {
				t.Errorf("%v: the help does not say %q", size, b.Help().Desc)
			}
		}
	}
}

// TestEveryKeyDoesSomething: each key of the map changes what is shown or is answered.
func TestEveryKeyDoesSomething(t *testing.T) {
	for name, b := range bindings() {
		for _, k := range b.Keys() {
			d := played(t, 120, 40, 0.5)
			if name == "Back" || name == "First" || name == "Up" {
				press(d, "enter", "down")
				d.zoom = name == "Back"
			}
			if name == "Minus" {
				press(d, "+")
			}
			before := d.View()
			msg := keyOf(k)
			_, cmd := d.Update(msg)
			if d.View() == before && cmd == nil {
				t.Errorf("%s (%s) changes nothing", k, name)
			}
		}
	}
}

// TestFooterIsClickable: each key that the footer shows does what the key does.
func TestFooterIsClickable(t *testing.T) {
	d := played(t, 200, 60, 0.5)
	text := strings.Split(plainView(d), "\n")
	foot := text[len(text)-2]
	before, _, ok := strings.Cut(foot, "? help")
	if !ok {
		t.Fatalf("no key for help in %q", foot)
	}
	d.mouse(click(len([]rune(before)), 59))
	if !d.help {
		t.Error("a click on help does not open it")
	}
}
