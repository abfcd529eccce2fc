package cmd

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/c10kit/c10kit/models"
)

func TestSplit(t *testing.T) {
	for line, want := range map[string][]string{
		"":                         nil,
		" \t\n ":                   nil,
		"nginx":                    {"nginx"},
		"  nginx  -c\tfile ":       {"nginx", "-c", "file"},
		`nginx -g 'daemon off;'`:   {"nginx", "-g", "daemon off;"},
		`nginx -g "daemon off;"`:   {"nginx", "-g", "daemon off;"},
		`a ''`:                     {"a", ""},
		`"" a`:                     {"", "a"},
		`a"b c"'d e'f`:             {"ab cd ef"},
		`a\ b \'c \\`:              {"a b", "'c", `\`},
		`"a \"b\" \$c \d \\"`:      {`a "b" $c \d \`},
		`'a \b "c"'`:               {`a \b "c"`},
		"a\\\nb":                   {"a\nb"},
		"a 'b\nc'":                 {"a", "b\nc"},
		"$HOME *.c ~ #x {a} (b) !": {"$HOME", "*.c", "~", "#x", "{a}", "(b)", "!"},
		"sh -c 'a | b && c > d'":   {"sh", "-c", "a | b && c > d"},
		`a\|b`:                     {"a|b"},
		"größe":                    {"größe"},
	} {
		got, err := split(line)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v (-want +got)\n%s", line, err, diff)
		}
	}
}

func TestSplitRefuses(t *testing.T) {
	for line, want := range map[string]string{
		`a 'b`:       "the quote ' is not closed",
		`a "b`:       `the quote " is not closed`,
		`a "b\"`:     `the quote " is not closed`,
		`a\`:         "a backslash at the end",
		"a | b":      "'|' is for a shell",
		"a > b":      "'>' is for a shell",
		"a; b":       "';' is for a shell",
		"a&":         "'&' is for a shell",
		"a <b":       "'<' is for a shell",
		`a 'b' 'c\'`: "", // the backslash is no protection there: all is closed
	} {
		_, err := split(line)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
}

// TestSplitReadsWhatIsQuoted: however words are quoted, split returns them.
func TestSplitReadsWhatIsQuoted(t *testing.T) {
	styles := []func(string) string{
		func(w string) string { return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'" },
		func(w string) string {
			return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(w) + `"`
		},
		func(w string) string {
			var b strings.Builder
			for i := range len(w) {
				b.WriteByte('\\')
				b.WriteByte(w[i])
			}
			if w == "" {
				return "''"
			}
			return b.String()
		},
	}
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.StringMatching(`[a-zé '"\\$;|&<>{}\n\t`+"`"+`]{0,8}`)).Draw(t, "words")
		var parts []string
		for _, w := range words {
			parts = append(parts, rapid.SampledFrom(styles).Draw(t, "style")(w))
		}
		line := strings.Join(parts, rapid.SampledFrom([]string{" ", "\t ", "\n"}).Draw(t, "blank"))
		got, err := split(line)
		if err != nil || !slices.Equal(got, words) {
			t.Fatalf("%q: %q, %v; want %q", line, got, err, words)
		}
	})
}

func TestFill(t *testing.T) {
	v4 := site{addr: netip.MustParseAddrPort("127.0.0.2:80"), dir: "/tmp/a b", config: models.Config{Workers: 3}}
	v6 := v4
	v6.addr = netip.MustParseAddrPort("[::1]:8080")
	for _, tt := range []struct {
		site       site
		word, want string
	}{
		{v4, "{addr}", "127.0.0.2:80"},
		{v4, "http://{host}:{port}/", "http://127.0.0.2:80/"},
		{v6, "{addr} {host} {port}", "[::1]:8080 ::1 8080"},
		{v4, "{dir}/x{workers}", "/tmp/a b/x3"},
		{v4, "{} {Addr} {adr} {{addr}} ${port}", "{} {Addr} {adr} {127.0.0.2:80} $80"},
	} {
		if got := tt.site.fill(tt.word); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.word, got, tt.want)
		}
	}
}

func TestLookPath(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "served")
	if err := os.WriteFile(program, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "text"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := lookPath("served"); err == nil {
		t.Fatal("found outside of PATH")
	}
	defer func(before []string) { sbin = before }(sbin)
	sbin = []string{dir}
	if got, err := lookPath("served"); err != nil || got != program {
		t.Errorf("in sbin: %q, %v", got, err)
	}
	if got, err := lookPath(program); err != nil || got != program {
		t.Errorf("by its path: %q, %v", got, err)
	}
	for _, name := range []string{"text", "none", "./served", dir} {
		if got, err := lookPath(name); err == nil || !strings.Contains(err.Error(), "install it, or give its path") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestFree(t *testing.T) {
	for spec, want := range map[string]string{
		"cmd:":            "an empty command line",
		"cmd: ":           "an empty command line",
		"cmd:''":          "an empty command line",
		"cmd:a 'b":        "the quote ' is not closed",
		"cmd:a | b":       "for a shell",
		"cmd:nginx -v":    "",
		"cmd:nginx":       "",
		"cmd":             "",
		"cmd:a:b --c=d:e": "",
	} {
		m, v, err := models.Find(spec)
		switch {
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want %q", spec, err, want)
		case want == "" && err != nil:
			t.Errorf("%q: %v", spec, err)
		case want == "" && (!v.Traits.Listens || !v.Traits.Tree || models.Spec(m, v.Name) != spec && spec != "cmd:nginx"):
			t.Errorf("%q is %q with %+v", spec, models.Spec(m, v.Name), v.Traits)
		}
	}
}

// TestRefused: what c10kit's own apps are told is not silently ignored.
func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		variant, want string
		change        func(*models.Config)
	}{
		{"nginx", "--copy", func(c *models.Config) { c.Copy = true }},
		{"nginx", "--lab", func(c *models.Config) { c.Lab = true }},
		{"httpd-event", "does not serve the app echo, only http", func(c *models.Config) { c.App = "echo" }},
		{"my-echo {addr}", "", func(c *models.Config) { c.App = "echo" }},
	} {
		m, v, err := models.Find("cmd:" + tt.variant)
		if err != nil {
			t.Fatal(err)
		}
		config := models.Config{Variant: v.Name}
		tt.change(&config)
		err = config.WithDefaults(m).Check()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.variant, err, tt.want)
		}
	}
}
