package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// Completion writes what a shell needs to complete commands and flags.
type Completion struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run writes the script: bash and zsh take it by eval "$(halle completion bash)".
func (a Completion) Run(o Out, k *kong.Kong) error {
	places := map[string][]string{}
	var order []string
	walk(k.Model.Node, "", func(path string, words []string) {
		places[path] = words
		order = append(order, path)
	})
	if a.Shell == "fish" {
		return fish(o.W, k.Model.Node, "")
	}
	return bash(o.W, a.Shell == "zsh", order, places)
}

// walk calls f with each command and the words that may follow it.
func walk(n *kong.Node, path string, f func(path string, words []string)) {
	var words []string
	for _, c := range n.Children {
		if !c.Hidden {
			words = append(words, c.Name)
		}
	}
	for _, group := range n.AllFlags(true) {
		for _, flag := range group {
			words = append(words, "--"+flag.Name)
		}
	}
	f(path, words)
	for _, c := range n.Children {
		if !c.Hidden {
			walk(c, strings.TrimSpace(path+" "+c.Name), f)
		}
	}
}

func bash(w io.Writer, zsh bool, order []string, places map[string][]string) error {
	var b strings.Builder
	if zsh {
		b.WriteString("autoload -U +X bashcompinit && bashcompinit\n")
	}
	b.WriteString("_halle() {\n  local path=\"\" next word i\n  for ((i = 1; i < COMP_CWORD; i++)); do\n    word=\"${COMP_WORDS[i]}\"\n" +
		"    next=\"${path:+$path }$word\"\n    case \"$next\" in\n")
	for _, path := range order {
		if path != "" {
			fmt.Fprintf(&b, "      %q) path=\"$next\" ;;\n", path)
		}
	}
	b.WriteString("    esac\n  done\n  case \"$path\" in\n")
	for _, path := range order {
		fmt.Fprintf(&b, "    %q) COMPREPLY=($(compgen -W %q -- \"${COMP_WORDS[COMP_CWORD]}\")) ;;\n", path, strings.Join(places[path], " "))
	}
	b.WriteString("  esac\n}\ncomplete -o default -F _halle halle\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// fish offers a command where all words of its path were typed.
func fish(w io.Writer, n *kong.Node, path string) error {
	condition := "__fish_use_subcommand"
	if path != "" {
		condition = "__fish_seen_subcommand_from " + path
	}
	for _, group := range n.AllFlags(true) {
		for _, flag := range group {
			if _, err := fmt.Fprintf(w, "complete -c halle -n '%s' -l %s -d '%s'\n", condition, flag.Name, quoted(flag.Help)); err != nil {
				return err
			}
		}
	}
	for _, c := range n.Children {
		if c.Hidden {
			continue
		}
		if _, err := fmt.Fprintf(w, "complete -c halle -n '%s' -f -a %s -d '%s'\n", condition, c.Name, quoted(c.Help)); err != nil {
			return err
		}
		if err := fish(w, c, c.Name); err != nil {
			return err
		}
	}
	return nil
}

func quoted(s string) string { return strings.ReplaceAll(s, "'", `\'`) }
