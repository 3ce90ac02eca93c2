package desk

import "github.com/halle-cloud/halle/web/design/part"

// Task is one thing that asks for attention, in one line that leads to it.
type Task struct {
	Tone part.Tone
	Text string
	Sub  string
	URL  string
}

// Tasks is what needs somebody. Template "desk/tasks".
type Tasks struct{ Tasks []Task }
