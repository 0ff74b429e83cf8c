job "[[ job_id ]]" {
[[% macro again() %]][[ again() ]][[% endmacro %]]
[[ again() ]]
}
