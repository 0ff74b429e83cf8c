job "${x}" {
}
group "a%{ if x }b" {
}
