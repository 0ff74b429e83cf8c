[[% extends "builtin/server" %]]
[[%- block group +%]]

    spread { attribute = "${node.datacenter}" }
[[%- endblock %]]
