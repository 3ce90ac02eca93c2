package budget

import (
	"math/bits"
	"slices"
	"time"

	"github.com/halle-cloud/halle/price"
)

// week is how many days give the shape of a forecast.
const week = 7

// trailing is how many days today is compared with, and enough how many of them must have seen usage.
const (
	trailing = 28
	enough   = 7
)

// Days are amounts by civil day, in millionths of the currency.
type Days map[price.Date]int64

// Forecast is what usage will cost from now to the end of the month: each second that is left costs what the same second
// of the same weekday cost in the last seven full days, the cost of a day spread evenly over it. While there are fewer
// than seven full days of usage, each second costs the average since the first day with usage.
func Forecast(now, end time.Time, zone *time.Location, days Days) int64 {
	today := dayOf(now, zone)
	first, ok := days.first()
	if !ok || !now.Before(end) {
		return 0
	}
	if today.Before(after(first, week)) {
		var sum int64
		for _, v := range days {
			sum += v
		}
		return share(sum, seconds(now, end), max(1, seconds(startOf(first, zone), now)))
	}
	var sum int64
	for at := now; at.Before(end); {
		day := dayOf(at, zone)
		next := startOf(after(day, 1), zone)
		to := next
		if end.Before(to) {
			to = end
		}
		like := day
		for !like.Before(today) {
			like = after(like, -week)
		}
		sum += share(days[like], seconds(at, to), seconds(startOf(day, zone), next))
		at = to
	}
	return sum
}

func seconds(from, to time.Time) int64 { return int64(to.Sub(from) / time.Second) }

// share is v × part ÷ whole, rounded down, without overflow in between.
func share(v, part, whole int64) int64 {
	if v <= 0 || part <= 0 || whole <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(v), uint64(part))
	if hi >= uint64(whole) {
		return maxAmount
	}
	q, _ := bits.Div64(hi, lo, uint64(whole))
	return int64(min(q, uint64(1)<<62))
}

func (d Days) first() (first price.Date, ok bool) {
	for day, v := range d {
		if v > 0 && (!ok || day.Before(first)) {
			first, ok = day, true
		}
	}
	return first, ok
}

// Unusual tells whether today has cost so much already that somebody should look: more than the median of the trailing 28
// days by five times their median deviation, at least twice the median, and at least one unit of the currency more. Days
// before the first usage do not count; with fewer than seven there is no judgement. Median deviation, unlike a standard
// deviation, is not moved by the one wild day that came before. Today is compared as far as it has come with full days, so
// that a usual day is never called unusual in the morning.
func Unusual(today price.Date, days Days) (usual int64, unusual bool) {
	first, ok := days.first()
	if !ok {
		return 0, false
	}
	var past []int64
	for n := 1; n <= trailing; n++ {
		day := after(today, -n)
		if day.Before(first) {
			break
		}
		past = append(past, days[day])
	}
	if len(past) < enough {
		return 0, false
	}
	usual = median(past)
	off := make([]int64, len(past))
	for i, v := range past {
		if off[i] = v - usual; off[i] < 0 {
			off[i] = -off[i]
		}
	}
	now := days[today]
	return usual, now > usual+5*median(off) && now >= 2*usual && now >= usual+micros
}

func median(list []int64) int64 {
	list = slices.Clone(list)
	slices.Sort(list)
	n := len(list)
	if n%2 == 1 {
		return list[n/2]
	}
	return list[n/2-1] + (list[n/2]-list[n/2-1])/2
}

func dayOf(t time.Time, zone *time.Location) price.Date { return price.DateOf(t, zone) }

func startOf(d price.Date, zone *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
}

func after(d price.Date, n int) price.Date {
	return price.DateOf(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC), time.UTC)
}
