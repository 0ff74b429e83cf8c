[[% for a in range(9000) %]][[% for b in range(9000) %]][[% endfor %]][[% endfor %]]
