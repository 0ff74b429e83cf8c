[[#
  A worker: it does work that nobody calls it for. It runs for ever, or, with `schedule`, at the
  times of a cron expression, or, with `parameters`, once for each dispatch.

  Blocks for templates that extend it: `group` (more in the group), `driver`, `config` (the
  task's `config` block), `env`, `task` (more in the main task), `tasks` (helpers beside it).
  Each begins with a line break and ends without one.
#]]
[[% import "builtin/parts" as parts %]]
[[% set batch = schedule or parameters %]]
job "[[ job_id ]]" {
  type        = "[[ "batch" if batch else "service" ]]"
[[- parts.placement() ]]
[[%- if schedule +%]]

  periodic {
    crons            = [[ schedule | hcl ]]
    time_zone        = "[[ timezone ]]"
    prohibit_overlap = [[ not overlap ]]
  }
[[%- endif %]]
[[%- if parameters +%]]

  parameterized {
    payload       = "[[ parameters.payload ]]"
    meta_required = [[ parameters.required | hcl ]]
    meta_optional = [[ parameters.optional | hcl ]]
  }
[[%- endif %]]
[[%- if not batch %]]
[[- parts.update_block(false) ]]
[[%- endif +%]]

  group "[[ name ]]" {
    count = [[ count ]]
[[%- if batch %]]
[[- parts.restart_block(2, "1h", "30s") ]]
[[- parts.reschedule_batch() ]]
[[%- else %]]
[[- parts.restart_block(3, "10m", "30s") ]]
[[- parts.reschedule_service() ]]
[[%- endif %]]
[[- parts.scaling_block() ]]
[[- parts.storage() ]]
[[- parts.network() ]]
[[%- block group %]]
[[%- endblock +%]]

    task "[[ name ]]" {
      driver       = "[[% block driver %]][[ driver ]][[% endblock %]]"
      kill_signal  = "[[ kill_signal ]]"
      kill_timeout = "[[ kill_timeout ]]"
[[- parts.artifact_block() ]]
[[%- block config %]]
[[- parts.driver_config(args) ]]
[[%- endblock %]]
[[%- block env %]]
[[- parts.env_block(none) ]]
[[%- endblock %]]
[[- parts.secrets_block() ]]
[[- parts.mounts() ]]
[[%- block task %]]
[[%- endblock %]]
[[- parts.resources() ]]
[[- parts.logs() ]]
    }
[[%- block tasks %]]
[[%- endblock +%]]
  }
}
