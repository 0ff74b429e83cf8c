a = f(1 2)
b = f(x... , y)
c = x::1(2)
d = x::y
