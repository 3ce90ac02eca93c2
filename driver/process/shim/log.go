package shim

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

const (
	logBytes     = 1 << 20 // of each of the two files
	excerptLines = 3
	excerptWidth = 200
)

// capped is a log of at most two files of logBytes. What it cannot write it drops: an application must not stand
// still because its log is full.
type capped struct {
	mu   sync.Mutex
	path string
	file *os.File
	size int64
	tail []byte // what was written last, for the text of a failure
}

func newCapped(path string) *capped { return &capped{path: path} }

// Write never fails.
func (c *capped) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tail = append(c.tail, b...)
	if over := len(c.tail) - 4096; over > 0 {
		c.tail = bytes.Clone(c.tail[over:])
	}
	if c.file == nil || c.size+int64(len(b)) > logBytes {
		c.rotate()
	}
	if c.file != nil {
		n, _ := c.file.Write(b)
		c.size += int64(n)
	}
	return len(b), nil
}

func (c *capped) rotate() {
	if c.file != nil {
		_ = c.file.Close()
		_ = os.Rename(c.path, c.path+".1")
	}
	c.file, c.size = nil, 0
	f, err := os.OpenFile(c.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return
	}
	if info, err := f.Stat(); err == nil {
		c.size = info.Size()
	}
	c.file = f
}

// excerpt is the last lines that were written, short enough for a sentence.
func (c *capped) excerpt() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var lines []string
	for _, line := range strings.Split(strings.ToValidUTF8(string(c.tail), "?"), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if len(line) > excerptWidth {
			line = line[:excerptWidth] + "…"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines[max(0, len(lines)-excerptLines):], " / ")
}

func (c *capped) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tail = nil
}

func (c *capped) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file != nil {
		_ = c.file.Close()
		c.file = nil
	}
}

func logPath(dir string) string { return filepath.Join(dir, LogFile) }
