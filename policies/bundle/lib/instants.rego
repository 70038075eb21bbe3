# METADATA
# title: Instants as numbers
# description: The built-ins for time are not there in WebAssembly.
package countersign.lib.instants

day := 86400000

# Milliseconds since 1970 of an RFC 3339 date-time in UTC; undefined for any other text.
milliseconds(text) := (((((days(date) * 24) + hour) * 60) + minute) * 60000) + (second * 1000) if {
	endswith(text, "Z")
	[date, clock] := split(trim_suffix(text, "Z"), "T")
	[hour, minute, second] := [to_number(part) | some part in split(clock, ":")]
}

# Days since 1970, by the calendar that begins its years in March (Howard Hinnant, "chrono-compatible low-level date algorithms").
days(date) := ((era * 146097) + day_of_era) - 719468 if {
	[year, month, day_of_month] := [to_number(part) | some part in split(date, "-")]
	march_year := year - january_and_february(month)
	era := floor(march_year / 400)
	year_of_era := march_year - (era * 400)
	day_of_year := (floor(((153 * ((month + 9) % 12)) + 2) / 5) + day_of_month) - 1
	day_of_era := (((year_of_era * 365) + floor(year_of_era / 4)) - floor(year_of_era / 100)) + day_of_year
}

# 1 for the months that belong to the year before.
january_and_february(month) := 1 - min([1, floor(month / 3)])
