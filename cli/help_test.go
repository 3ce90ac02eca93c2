package cli_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/halle-cloud/halle/cli"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s differs; when that is wanted: go test -update (-want +got)\n%s", path, d)
	}
}

// root is the command line as the binary has it, without the server's own commands.
type root struct {
	cli.Commands
	JSON bool `help:"Answer as one JSON document."`
}

func parser(t *testing.T, out *bytes.Buffer) *kong.Kong {
	t.Helper()
	k, err := kong.New(new(root), kong.Name("halle"), kong.Writers(out, out), kong.Exit(func(int) {}), kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// paths lists every command.
func paths(n *kong.Node, path []string) [][]string {
	all := [][]string{path}
	for _, c := range n.Children {
		all = append(all, paths(c, append(append([]string(nil), path...), c.Name))...)
	}
	return all
}

func TestHelpOfEveryCommand(t *testing.T) {
	t.Setenv("COLUMNS", "100")
	var out bytes.Buffer
	for _, path := range paths(parser(t, &bytes.Buffer{}).Model.Node, nil) {
		out.WriteString("$ halle " + strings.Join(append(path, "--help"), " ") + "\n")
		k := parser(t, &out)
		_, _ = k.Parse(append(path, "--help")) // it goes on after help, because Exit does nothing here
		out.WriteString("\n")
	}
	golden(t, "testdata/help.golden", out.Bytes())
}

func TestEveryCommandAndArgumentIsExplained(t *testing.T) {
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		if n.Type == kong.CommandNode && (n.Help == "" || !strings.HasSuffix(n.Help, ".")) {
			t.Errorf("%s: no sentence explains it: %q", n.FullPath(), n.Help)
		}
		for _, a := range n.Positional {
			if a.Help == "" {
				t.Errorf("%s: %s is not explained", n.FullPath(), a.Name)
			}
		}
		for _, c := range n.Children {
			walk(c)
		}
	}
	walk(parser(t, &bytes.Buffer{}).Model.Node)
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		var out bytes.Buffer
		k := parser(t, &out)
		parsed, err := k.Parse([]string{"completion", shell})
		if err != nil {
			t.Fatal(err)
		}
		parsed.Bind(cli.Out{W: &out})
		if err := parsed.Run(); err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"devices", "accept-contract", "receipt"} {
			if !strings.Contains(out.String(), word) {
				t.Errorf("%s does not complete %s", shell, word)
			}
		}
	}
}
