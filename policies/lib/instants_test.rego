package countersign.tests.instants

import data.countersign.lib.instants

test_agrees_with_the_built_in_for_time if {
	every text in [
		"1970-01-01T00:00:00.000Z",
		"1999-12-31T23:59:59.999Z",
		"2000-02-29T12:00:00.000Z",
		"2024-02-29T23:59:59.000Z",
		"2024-03-01T00:00:00.000Z",
		"2025-12-31T08:09:10.011Z",
		"2026-01-01T00:00:00.000Z",
		"2026-02-28T13:14:15.161Z",
		"2026-11-21T01:02:03.004Z",
		"2100-03-01T00:00:00.000Z",
		"2026-07-04T05:06:07Z",
	] {
		instants.milliseconds(text) == time.parse_rfc3339_ns(text) / 1000000
	}
}

test_agrees_with_the_built_in_for_dates_up_to_2260 if {
	every day in numbers.range_step(0, 106000, 1009) {
		[year, month, date] := time.date((day * 86400) * 1000000000)
		instants.days(sprintf("%d-%02d-%02d", [year, month, date])) == day
	}
}

test_is_undefined_for_anything_else if {
	every text in ["", "yesterday", "2026-01-01", "2026-01-01T00:00:00.000+01:00", "2026-01-01T00:00Z", "2026-01T00:00:00Z", null] {
		not instants.milliseconds(text)
	}
}
