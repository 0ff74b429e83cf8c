[[#
  A consumer: a worker that reads a message stream. `consume` has `stream`, `group` (the consumer
  group's ID) and `parallelism`. They reach the program as flags, followed by those that
  `taskargs` makes, and as environment variables.
#]]
[[% extends "builtin/worker" %]]
[[% import "builtin/parts" as parts %]]
[[%- block config %]]
[[- parts.driver_config(args | chain(consume | args, taskargs | args) | list) ]]
[[%- endblock %]]
[[%- block env %]]
[[- parts.env_block({
  "CONSUMER_STREAM": consume.stream,
  "CONSUMER_GROUP": consume.group,
  "CONSUMER_PARALLELISM": consume.parallelism | string,
}) ]]
[[%- endblock %]]
