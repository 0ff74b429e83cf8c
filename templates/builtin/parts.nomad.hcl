[[#
  What the built-in templates share. A part prints what it needs and a line break before it, so
  it is called as `[[- parts.NAME() ]]`: where it prints nothing, it leaves no empty line.
#]]
[[% macro placement() %]]

  datacenters = [[ datacenters | hcl ]]
  namespace   = "[[ namespace ]]"
[[%- if node_pool %]]

  node_pool   = "[[ node_pool ]]"
[[%- endif %]]
[[%- if region %]]

  region      = "[[ region ]]"
[[%- endif %]]
[[%- if priority %]]

  priority    = [[ priority ]]
[[%- endif %]]
[[%- if meta %]]


  meta = [[ meta | hcl ]]
[[%- endif %]]
[[%- for rule in constraints %]]


  constraint {
[[% if rule.attribute %]]
    attribute = "[[ rule.attribute ]]"
[[% endif %]]
[[% if rule.operator %]]
    operator  = "[[ rule.operator ]]"
[[% endif %]]
[[% if rule.value is not none %]]
    value     = "[[ rule.value ]]"
[[% endif %]]
  }
[[%- endfor %]]
[[%- endmacro %]]

[[# How a new version replaces the old one: a few at a time, back to the old one if it fails. #]]
[[% macro update_block(checks) %]]


  update {
    max_parallel      = [[ update.max_parallel | default([count // 4, 1] | max) ]]
    canary            = [[ update.canary | default(0) ]]
    health_check      = "[[ update.health_check | default("checks" if checks else "task_states") ]]"
    min_healthy_time  = "[[ update.min_healthy_time | default("10s") ]]"
    healthy_deadline  = "[[ update.healthy_deadline | default("5m") ]]"
    progress_deadline = "[[ update.progress_deadline | default("10m") ]]"
    auto_revert       = [[ update.auto_revert | default(true) ]]
[[% if update.canary | default(0) > 0 %]]
    auto_promote      = [[ update.auto_promote | default(true) ]]
[[% endif %]]
  }
[[%- endmacro %]]

[[# A task that fails is started again here, and then elsewhere. #]]
[[% macro restart_block(attempts, interval, delay) %]]


    restart {
      attempts = [[ restart.attempts | default(attempts) ]]
      interval = "[[ restart.interval | default(interval) ]]"
      delay    = "[[ restart.delay | default(delay) ]]"
      mode     = "[[ restart.mode | default("fail") ]]"
    }
[[%- endmacro %]]

[[% macro reschedule_service() %]]


    reschedule {
      delay          = "30s"
      delay_function = "exponential"
      max_delay      = "1h"
      unlimited      = true
    }
[[%- endmacro %]]

[[% macro reschedule_batch() %]]


    reschedule {
      attempts       = 3
      interval       = "6h"
      delay          = "1m"
      delay_function = "constant"
      unlimited      = false
    }
[[%- endmacro %]]

[[% macro storage() %]]


    ephemeral_disk {
      size = [[ disk ]]
    }
[[%- for volume in volumes %]]


    volume "[[ volume.name ]]" {
      type      = "[[ volume.type ]]"
      source    = "[[ volume.source ]]"
      read_only = [[ volume.read_only ]]
[[% if volume.type == "csi" %]]

      access_mode     = "[[ "single-node-reader-only" if volume.read_only else "single-node-writer" ]]"
      attachment_mode = "file-system"
[[% endif %]]
    }
[[%- endfor %]]
[[%- endmacro %]]

[[% macro network() %]]
[[% if ports %]]


    network {
[[% for port in ports %]]
[[% if port.static or port.to or port.host_network %]]
      port "[[ port.name ]]" {
[[% if port.static %]]
        static       = [[ port.static ]]
[[% endif %]]
[[% if port.to %]]
        to           = [[ port.to ]]
[[% endif %]]
[[% if port.host_network %]]
        host_network = "[[ port.host_network ]]"
[[% endif %]]
      }
[[% else %]]
      port "[[ port.name ]]" {}
[[% endif %]]
[[% endfor %]]
    }
[[%- endif %]]
[[%- endmacro %]]

[[# The service of a server: its first port, and a check on the health port. #]]
[[% macro service() %]]
[[% if ports %]]


    service {
      name     = "[[ service_name ]]"
      provider = "[[ "consul" if health.type in ["grpc", "script"] else "nomad" ]]"
      port     = "[[ ports[0].name ]]"
[[% if tags %]]
      tags     = [[ tags | hcl ]]
[[% endif %]]

      check {
        name     = "[[ service_name ]]-alive"
        type     = "[[ health.type ]]"
        port     = "[[ health.port ]]"
[[% if health.path %]]
        path     = "[[ health.path ]]"
[[% endif %]]
[[% if health.type == "script" %]]
        task     = "[[ name ]]"
        command  = "[[ health.command ]]"
        args     = [[ health.args | hcl ]]
[[% endif %]]
        interval = "[[ health.interval ]]"
        timeout  = "[[ health.timeout ]]"

        check_restart {
          limit = 3
          grace = "30s"
        }
      }
    }
[[%- endif %]]
[[%- endmacro %]]

[[# What the driver is told; a template with a command line of its own does not use it. #]]
[[% macro driver_config(arguments) %]]


      config {
[[% if driver == "docker" or driver == "podman" %]]
        image   = "[[ image ]]"
[[% if ports %]]
        ports   = [ [[%- for port in ports %]]"[[ port.name ]]"[[% if not loop.last %]], [[% endif %]][[% endfor -%]] ]
[[% endif %]]
[[% endif %]]
[[% if command %]]
        command = "[[ command ]]"
[[% endif %]]
[[% if arguments %]]
        args    = [[ arguments | hcl ]]
[[% endif %]]
      }
[[%- endmacro %]]

[[% macro resources() %]]


      resources {
[[% if cores %]]
        cores      = [[ cores ]]
[[% else %]]
        cpu        = [[ cpu ]]
[[% endif %]]
        memory     = [[ memory ]]
[[% if memory_max %]]
        memory_max = [[ memory_max ]]
[[% endif %]]
      }
[[%- endmacro %]]

[[# `more` goes before what the job sets, which wins. #]]
[[% macro env_block(more) %]]
[[% if env or more %]]


      env = {
[[% for key, value in (more or {}) | items if key not in env %]]
        [[ key ]] = "[[ value ]]"
[[% endfor %]]
[[% for key, value in env | items %]]
        "[[ key ]]" = "[[ value ]]"
[[% endfor %]]
      }
[[%- endif %]]
[[%- endmacro %]]

[[# A secret never stands in the job, only where it is in Nomad's variables. #]]
[[% macro secrets_block() %]]
[[% for secret in secrets %]]


      template {
        destination = "${NOMAD_SECRETS_DIR}/[[ loop.index ]].env"
        env         = true
        perms       = "0400"
        data        = <<-EOT
          {{- with nomadVar "[[ secret.path | heredoc ]]" }}
[[% for item in secret["items"] %]]
          [[ item.name | heredoc ]]={{ index . "[[ item.key | heredoc ]]" | toJSON }}
[[% endfor %]]
          {{- end }}
        EOT
      }
[[%- endfor %]]
[[%- endmacro %]]

[[% macro mounts() %]]
[[% for volume in volumes %]]


      volume_mount {
        volume      = "[[ volume.name ]]"
        destination = "[[ volume.destination ]]"
        read_only   = [[ volume.read_only ]]
      }
[[%- endfor %]]
[[%- endmacro %]]

[[# What is fetched before the task starts. #]]
[[% macro artifact_block() %]]
[[% if artifact.source is defined %]]


      artifact {
        source      = "[[ artifact.source ]]"
        destination = "[[ artifact.destination | default("local/") ]]"
[[% if artifact.mode is defined %]]
        mode        = "[[ artifact.mode ]]"
[[% endif %]]
[[% if artifact.checksum is defined %]]

        options {
          checksum = "[[ artifact.checksum ]]"
        }
[[% endif %]]
      }
[[%- endif %]]
[[%- endmacro %]]

[[# The bounds of an autoscaler; what it does within them is its own policy. #]]
[[% macro scaling_block() %]]
[[% if scaling.max is defined %]]


    scaling {
      enabled = true
      min     = [[ scaling.min ]]
      max     = [[ scaling.max ]]
    }
[[%- endif %]]
[[%- endmacro %]]

[[# Logs take at most half of the allocation's disk: stdout and stderr have this many files each. #]]
[[% macro logs() %]]


      logs {
        max_files     = [[ 5 if disk >= 100 else 1 ]]
        max_file_size = [[ [[disk // 20, 1] | max, 10] | min ]]
      }
[[%- endmacro %]]
