package forum

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Chosen says which posts of a thread somebody chose, by their numbers: which these are never changes. It can hold very many of them in a few words, because it is
// written in spans, as in 3,7-12,40-.
type Chosen []Span

// Span is from one number to another, or to the last post there is when they are moved.
type Span struct{ First, Last int }

// ToTheEnd is the last number of a span that has no end.
const ToTheEnd = math.MaxInt32

// MaxSpans is how many spans are taken: who wants more posts than that, one by one, splits twice.
const MaxSpans = 300

// ParseChosen reads what String wrote; anything else is left out.
func ParseChosen(s string) Chosen {
	var c Chosen
	for part := range strings.SplitSeq(s, ",") {
		from, to, more := strings.Cut(strings.TrimSpace(part), "-")
		first, last := number(from), number(to)
		switch {
		case !more:
			last = first
		case strings.TrimSpace(to) == "":
			last = ToTheEnd
		}
		if first > 0 && last >= first {
			c = append(c, Span{first, last})
		}
		if len(c) > 2*MaxSpans { // which is too many, and will be said
			break
		}
	}
	return c.tidy()
}

// number reads one; 0 is none.
func number(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 1 || n >= ToTheEnd {
		return 0
	}
	return n
}

// tidy puts spans in order and joins those that touch.
func (c Chosen) tidy() Chosen {
	slices.SortFunc(c, func(a, b Span) int { return a.First - b.First })
	var out Chosen
	for _, s := range c {
		if n := len(out); n > 0 && s.First-1 <= out[n-1].Last {
			out[n-1].Last = max(out[n-1].Last, s.Last)
			continue
		}
		out = append(out, s)
	}
	return out
}

// String is the form in addresses.
func (c Chosen) String() string {
	parts := make([]string, len(c))
	for i, s := range c {
		parts[i] = strconv.Itoa(s.First)
		if s.Last == ToTheEnd {
			parts[i] += "-"
		} else if s.Last > s.First {
			parts[i] += "-" + strconv.Itoa(s.Last)
		}
	}
	return strings.Join(parts, ",")
}

// Has is true of a number that is chosen.
func (c Chosen) Has(n int) bool {
	return slices.ContainsFunc(c, func(s Span) bool { return s.First <= n && n <= s.Last })
}

// With chooses a span, too.
func (c Chosen) With(s Span) Chosen { return append(slices.Clone(c), s).tidy() }

// Without takes the numbers of a span out.
func (c Chosen) Without(out Span) Chosen {
	var left Chosen
	for _, s := range c {
		if s.Last < out.First || s.First > out.Last {
			left = append(left, s)
			continue
		}
		if s.First < out.First {
			left = append(left, Span{s.First, out.First - 1})
		}
		if s.Last > out.Last {
			left = append(left, Span{out.Last + 1, s.Last})
		}
	}
	return left.tidy()
}

// bounds are the first and last numbers of the spans.
func (c Chosen) bounds() (first, last []int) {
	first, last = make([]int, len(c)), make([]int, len(c))
	for i, s := range c {
		first[i], last[i] = s.First, s.Last
	}
	return first, last
}
