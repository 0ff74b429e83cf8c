job "[[ job_id ]]" {
[[% for a in range(10000) %]]
[[% for b in range(10000) %]]
[[% set c = a + b %]]
[[% endfor %]]
[[% endfor %]]
}
