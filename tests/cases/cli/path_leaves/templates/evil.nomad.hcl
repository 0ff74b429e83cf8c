job "x" {
[[% include "../../secret" %]]
}
