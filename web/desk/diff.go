package desk

import "strings"

// Line is one line of a comparison: Sign is "+", "-" or "" for one that both have, "…" for some that were left out.
type Line struct{ Sign, Text string }

// Diff is what changed between two texts, with some lines around. Template "desk/diff".
type Diff struct {
	Label string
	Lines []Line
}

const (
	around   = 3
	maxTable = 4_000_000 // cells of the comparison; larger texts are shown one after the other
)

// Compare finds the shortest way from one text to the other, line by line.
func Compare(label, was, now string) Diff {
	a, b := strings.Split(strings.TrimRight(was, "\n"), "\n"), strings.Split(strings.TrimRight(now, "\n"), "\n")
	if was == "" {
		a = nil
	}
	if now == "" {
		b = nil
	}
	return Diff{Label: label, Lines: near(lines(a, b))}
}

// lines is the comparison by the longest common subsequence.
func lines(a, b []string) (out []Line) {
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		out = append(out, Line{"", a[start]})
		start++
	}
	a, b = a[start:], b[start:]
	i, j := 0, 0
	if long := common(a, b); long != nil {
		for i < len(a) && j < len(b) {
			switch {
			case a[i] == b[j]:
				out, i, j = append(out, Line{"", a[i]}), i+1, j+1
			case long[i+1][j] >= long[i][j+1]:
				out, i = append(out, Line{"-", a[i]}), i+1
			default:
				out, j = append(out, Line{"+", b[j]}), j+1
			}
		}
	}
	for ; i < len(a); i++ {
		out = append(out, Line{"-", a[i]})
	}
	for ; j < len(b); j++ {
		out = append(out, Line{"+", b[j]})
	}
	return out
}

// common is the table of lengths of common subsequences; nil when it would be too large.
func common(a, b []string) [][]int32 {
	if (len(a)+1)*(len(b)+1) > maxTable {
		return nil
	}
	long := make([][]int32, len(a)+1)
	for i := range long {
		long[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				long[i][j] = long[i+1][j+1] + 1
			} else {
				long[i][j] = max(long[i+1][j], long[i][j+1])
			}
		}
	}
	return long
}

// near keeps what changed and some lines around it.
func near(all []Line) (out []Line) {
	keep := make([]bool, len(all))
	for i, l := range all {
		if l.Sign == "" {
			continue
		}
		for j := max(i-around, 0); j <= min(i+around, len(all)-1); j++ {
			keep[j] = true
		}
	}
	left := false
	for i, l := range all {
		if keep[i] {
			if left {
				out = append(out, Line{"…", ""})
			}
			out, left = append(out, l), false
			continue
		}
		left = true
	}
	return out
}
