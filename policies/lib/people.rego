# METADATA
# title: People by their names
# description: |
#   Directories differ in how they write a name: who is `Ada` in one and `ada` in another is one person, who may not approve
#   their own work.
package countersign.lib.people

# Undefined for what is no name.
name(person) := trimmed if {
	trimmed := lower(trim_space(person))
	trimmed != ""
}

names(persons) := {name(person) | some person in persons}
