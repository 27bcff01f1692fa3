(lp0
S'it\'s \xe9 \\ \t'
p1
aL12345678901L
aI01
aF0.5
aVna\u00efve é
p2
a.