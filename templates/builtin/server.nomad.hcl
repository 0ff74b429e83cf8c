[[#
  A server: it runs for ever behind a service with a check, and is updated a few allocations at
  a time, back to the old version if the new one is not healthy.

  Blocks for templates that extend it: `network`, `service`, `group` (more in the group),
  `driver`, `config` (the task's `config` block), `env`, `task` (more in the main task), `tasks`
  (helpers beside it). Each begins with a line break and ends without one.
#]]
[[% import "builtin/parts" as parts %]]
job "[[ job_id ]]" {
  type        = "service"
[[- parts.placement() ]]
[[- parts.update_block(true) ]]

  group "[[ name ]]" {
    count          = [[ count ]]
    shutdown_delay = "[[ shutdown_delay or "5s" ]]"
[[- parts.restart_block(3, "5m", "15s") ]]
[[- parts.reschedule_service() ]]
[[- parts.scaling_block() ]]
[[- parts.storage() ]]
[[%- block network %]]
[[- parts.network() ]]
[[%- endblock %]]
[[%- block service %]]
[[- parts.service() ]]
[[%- endblock %]]
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
