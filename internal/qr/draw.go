package qr

// draw places the patterns and the codewords, with the mask that is easiest to read.
func draw(version int, words []byte) *Code {
	size := 17 + 4*version
	c := &Code{Size: size, version: version, dark: make([]bool, size*size), taken: make([]bool, size*size)}
	c.patterns()
	c.place(words)
	best, least := 0, -1
	for m := range 8 {
		c.mask(m)
		c.format(m)
		if p := c.penalty(); least < 0 || p < least {
			best, least = m, p
		}
		c.mask(m) // again takes it away
	}
	c.mask(best)
	c.format(best)
	return c
}

func (c *Code) set(x, y int, dark bool) {
	c.dark[y*c.Size+x], c.taken[y*c.Size+x] = dark, true
}

func (c *Code) patterns() {
	for i := range c.Size {
		c.set(6, i, i%2 == 0)
		c.set(i, 6, i%2 == 0)
	}
	for _, at := range [][2]int{{3, 3}, {c.Size - 4, 3}, {3, c.Size - 4}} {
		c.finder(at[0], at[1])
	}
	list := c.alignments()
	for i, x := range list {
		for j, y := range list {
			if i == 0 && j == 0 || i == 0 && j == len(list)-1 || i == len(list)-1 && j == 0 {
				continue // a finder stands there
			}
			for dy := -2; dy <= 2; dy++ {
				for dx := -2; dx <= 2; dx++ {
					c.set(x+dx, y+dy, max(abs(dx), abs(dy)) != 1)
				}
			}
		}
	}
	c.format(0) // takes its place
	c.versions()
}

func (c *Code) finder(x, y int) {
	for dy := -4; dy <= 4; dy++ {
		for dx := -4; dx <= 4; dx++ {
			if x+dx < 0 || x+dx >= c.Size || y+dy < 0 || y+dy >= c.Size {
				continue
			}
			ring := max(abs(dx), abs(dy))
			c.set(x+dx, y+dy, ring != 2 && ring != 4)
		}
	}
}

// alignments are the rows and columns in which alignment patterns have their middle.
func (c *Code) alignments() []int {
	if c.version == 1 {
		return nil
	}
	n := c.version/7 + 2
	step := (c.version*8 + n*3 + 5) / (n*4 - 4) * 2
	list := make([]int, n)
	list[0] = 6
	for i, at := n-1, c.Size-7; i > 0; i, at = i-1, at-step {
		list[i] = at
	}
	return list
}

// format writes level and mask, twice.
func (c *Code) format(mask int) {
	rest := mask // level M is 00
	for range 10 {
		rest = rest<<1 ^ rest>>9*0x537
	}
	bits := (mask<<10 | rest) ^ 0x5412
	bit := func(i int) bool { return bits>>i&1 == 1 }
	for i := range 6 {
		c.set(8, i, bit(i))
	}
	c.set(8, 7, bit(6))
	c.set(8, 8, bit(7))
	c.set(7, 8, bit(8))
	for i := 9; i < 15; i++ {
		c.set(14-i, 8, bit(i))
	}
	for i := range 8 {
		c.set(c.Size-1-i, 8, bit(i))
	}
	for i := 8; i < 15; i++ {
		c.set(8, c.Size-15+i, bit(i))
	}
	c.set(8, c.Size-8, true)
}

func (c *Code) versions() {
	if c.version < 7 {
		return
	}
	rest := c.version
	for range 12 {
		rest = rest<<1 ^ rest>>11*0x1F25
	}
	bits := c.version<<12 | rest
	for i := range 18 {
		dark := bits>>i&1 == 1
		a, b := c.Size-11+i%3, i/3
		c.set(a, b, dark)
		c.set(b, a, dark)
	}
}

// place writes the codewords in columns of two, up and down, from the right.
func (c *Code) place(words []byte) {
	n := 0
	for right := c.Size - 1; right >= 1; right -= 2 {
		if right == 6 {
			right = 5
		}
		for v := range c.Size {
			for j := range 2 {
				x, y := right-j, v
				if (right+1)&2 == 0 {
					y = c.Size - 1 - v
				}
				if !c.taken[y*c.Size+x] && n < 8*len(words) {
					c.dark[y*c.Size+x] = words[n/8]>>(7-n%8)&1 == 1
					n++
				}
			}
		}
	}
}

func (c *Code) mask(m int) {
	for y := range c.Size {
		for x := range c.Size {
			var turn bool
			switch m {
			case 0:
				turn = (x+y)%2 == 0
			case 1:
				turn = y%2 == 0
			case 2:
				turn = x%3 == 0
			case 3:
				turn = (x+y)%3 == 0
			case 4:
				turn = (x/3+y/2)%2 == 0
			case 5:
				turn = x*y%2+x*y%3 == 0
			case 6:
				turn = (x*y%2+x*y%3)%2 == 0
			case 7:
				turn = ((x+y)%2+x*y%3)%2 == 0
			}
			if i := y*c.Size + x; turn && !c.taken[i] {
				c.dark[i] = !c.dark[i]
			}
		}
	}
}

// penalty is how hard the code is to read: long runs, squares of one colour, what looks like a finder, too much of one colour.
func (c *Code) penalty() int {
	total, dark := 0, 0
	for a := range c.Size {
		total += c.along(a*c.Size, 1) + c.along(a, c.Size)
	}
	for i, d := range c.dark {
		if d {
			dark++
		}
		if i >= c.Size && i%c.Size > 0 && d == c.dark[i-1] && d == c.dark[i-c.Size] && d == c.dark[i-c.Size-1] {
			total += 3
		}
	}
	all := c.Size * c.Size
	return total + abs(20*dark-10*all)/all*10
}

// along counts the runs and the likenesses of a finder in one row or column: the modules from one on, each a step further.
func (c *Code) along(from, step int) int {
	total, run, last, before := 0, 0, 0, false
	for i := range c.Size {
		dark := c.dark[from+i*step]
		if i > 0 && dark == before {
			run++
		} else {
			run = 1
		}
		if run == 5 {
			total += 3
		} else if run > 5 {
			total++
		}
		last = last << 1 & 0x7ff
		if before = dark; dark {
			last |= 1
		}
		if i >= 10 && (last == 0b10111010000 || last == 0b00001011101) {
			total += 40
		}
	}
	return total
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
