a = [for in b : c]
b = [for k, in b : c]
c = [for k of b : c]
d = [for k in b c]
e = [for k in b : k => c]
f = {for k in b : c}
g = [for k in b : c...]
h = [for k in b : c d]
