job "a" {
  data = << EOT
hello
EOT
}
