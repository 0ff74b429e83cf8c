[[% import "parts/net" as net %]]
job "[[ job_id ]]" {
  meta = { image = "[[ vars.registry ]]/[[ name ]]:[[ githash ]]", port = [[ vars.port ]] }
  [[ net.port(taskargs.port) ]]
}
