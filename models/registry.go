package models

import (
	"fmt"
	"slices"
	"strings"
)

// Variant is one way to build a model.
type Variant struct {
	Name   string
	Traits Traits
}

// Model describes a server model to the registry.
type Model struct {
	// Name is the package, the flag, the key and the column alike.
	Name string
	// Variants lists what there is, the default first. A model without variants
	// has one of the name NoVariant.
	Variants []Variant
	// Free, if not nil, gives the traits of variants that are not listed: any command
	// line. An error is the user's.
	Free func(variant string) (Traits, error)
	// About is one line for `c10kit models`.
	About string
	// New builds a server in env, for env.Config.Variant. It opens nothing that
	// Serve does not close.
	New func(env *Env) (Server, error)
}

// NoVariant is the variant's name where a model has only one form.
const NoVariant = ""

// Variant returns the variant of the given name, listed or free.
func (m *Model) Variant(name string) (Variant, bool) {
	for _, v := range m.Variants {
		if v.Name == name {
			return v, true
		}
	}
	if m.Free != nil {
		t, err := m.Free(name)
		return Variant{name, t}, err == nil
	}
	return Variant{}, false
}

var registry = map[string]*Model{}

// Register adds m to the models that Find and All know. It is called from the
// init of a model's package and panics if the description is incomplete or the
// name is taken: both are bugs of that package.
func Register(m *Model) {
	switch {
	case m.Name == "" || strings.ContainsAny(m.Name, ": /"):
		panic(fmt.Sprintf("models: Register: bad name %q", m.Name))
	case len(m.Variants) == 0 || m.New == nil:
		panic("models: Register: " + m.Name + " has no variant or no New")
	case registry[m.Name] != nil:
		panic("models: Register: " + m.Name + " is registered twice")
	}
	registry[m.Name] = m
}

// Find returns the model and variant that spec names: "name" for the default
// variant, or "name:variant". Nothing behind the colon is no variant: who writes "cmd:" has
// a command line in mind, and should not get the default.
func Find(spec string) (*Model, Variant, error) {
	name, variant, colon := strings.Cut(spec, ":")
	m := registry[name]
	if m == nil {
		var names []string
		for _, m := range All() {
			names = append(names, m.Name)
		}
		return nil, Variant{}, fmt.Errorf("no model %q; there are %s", name, strings.Join(names, ", "))
	}
	if !colon {
		return m, m.Variants[0], nil
	}
	v, ok := m.Variant(variant)
	if !ok && m.Free != nil {
		_, err := m.Free(variant)
		return nil, Variant{}, fmt.Errorf("%s: %w", name, err)
	}
	if !ok && m.Variants[0].Name == NoVariant {
		return nil, Variant{}, fmt.Errorf("%s has no variants, so no %q", name, variant)
	}
	if !ok {
		var names []string
		for _, v := range m.Variants {
			names = append(names, v.Name)
		}
		return nil, Variant{}, fmt.Errorf("%s has no variant %q; there are %s", name, variant, strings.Join(names, ", "))
	}
	return m, v, nil
}

// Spec is how a model and variant are spelled in flags and columns: the default
// variant is left out.
func Spec(m *Model, variant string) string {
	if variant == m.Variants[0].Name {
		return m.Name
	}
	return m.Name + ":" + variant
}

// All returns every registered model, in the order of their names.
func All() []*Model {
	var all []*Model
	for _, m := range registry {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *Model) int { return strings.Compare(a.Name, b.Name) })
	return all
}
