job "a" {
# about
type="service" # kind
  priority = 50# prio
    datacenters=[ "dc1","dc2" ]

  meta{
	a = -1
    bcd = !x&&y
  }
  env { A = "${ {a=1} }" }
  list = [
1,
    2 ]
  text=<<EOT
   kept ${ x }
  EOT
  n = [for x in[1]:f( x[0]... )]
}  