a = b.0.1
c = b.
d = b[1
e = (1 + 2
f = x ? y
g = 1.2.3
h =
i = b.*.*
