package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is how the kernel counts CPU time.
const tick = 10 * time.Millisecond

// processes are the server's, as the operating system sees them.
type processes []int

// cpu is what they have used in all.
func (p processes) cpu() (all time.Duration) {
	for _, pid := range p {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		_, rest, _ := bytes.Cut(raw, []byte(") "))
		fields := bytes.Fields(rest)
		if len(fields) < 13 {
			continue
		}
		for _, f := range fields[11:13] { // user and system time
			n, err := strconv.Atoi(string(f))
			if err == nil {
				all += time.Duration(n) * tick
			}
		}
	}
	return all
}

// memory is the resident memory of all of them, in bytes.
func (p processes) memory() (all int64) {
	for _, n := range p.memories() {
		all += n
	}
	return all
}

// memories is the resident memory of each, in bytes; 0 where it cannot be read.
func (p processes) memories() []int64 {
	each := make([]int64, len(p))
	for i, pid := range p {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if err != nil {
			continue
		}
		if fields := bytes.Fields(raw); len(fields) > 1 {
			if n, err := strconv.ParseInt(string(fields[1]), 10, 64); err == nil {
				each[i] = n * int64(os.Getpagesize())
			}
		}
	}
	return each
}
