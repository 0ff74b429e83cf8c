job 'a' {
  type = 'batch'
  name = `x`;
  n = 1 & 2 | ~3 ^ 4
  c = “x”
  d = $x
}
