job "a" {
  data = <<EOT
hello
}
