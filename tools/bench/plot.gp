# SPDX-License-Identifier: GPL-2.0-only
# Draws what document has sorted out of the rows: in is a folder with the data,
# out one for the pictures. Grey text and no background: on light and on dark.
set terminal svg size 760,420 dynamic font "sans-serif,13" linewidth 1.2
set border 3 linecolor rgb "#808080"
set tics nomirror textcolor rgb "#808080"
set grid ytics linecolor rgb "#808080" linewidth 0.3 dashtype 3
set key textcolor rgb "#808080"
set xlabel textcolor rgb "#808080"
set ylabel textcolor rgb "#808080"
set title textcolor rgb "#808080" noenhanced
set datafile separator ","
set style line 1 linecolor rgb "#2a7fff" linewidth 2 pointtype 7 pointsize 0.6
set style line 2 linecolor rgb "#6fa8ff" linewidth 2 pointtype 6 pointsize 0.6
set style line 3 linecolor rgb "#2f9e44" linewidth 2 pointtype 5 pointsize 0.6
set style line 4 linecolor rgb "#e8590c" linewidth 2 pointtype 9 pointsize 0.6
set style line 5 linecolor rgb "#ae3ec9" linewidth 2 pointtype 11 pointsize 0.6
set style line 6 linecolor rgb "#909090" linewidth 2 pointtype 13 pointsize 0.6
set logscale y
set format y "%.0f"

set output out."/cost-by-strategy.svg"
set title "mmap + read each page + munmap of 16 MiB"
set ylabel "instructions a page"
set style fill solid 0.85 noborder
set boxwidth 0.7
set xtics rotate by -35 noenhanced
unset key
set yrange [5:*]
plot in."/strategy" using 0:3:(int($4)):xtic(1) with boxes linecolor rgb variable, \
	"" using 0:3:2 with labels offset 0,0.6 font ",10" textcolor rgb "#808080"

set output out."/cost-by-size.svg"
set title "the same, from 16 pages to 262144 (1 GiB)"
set xlabel "pages"
set logscale x 2
set xtics norotate ("16" 16, "256" 256, "1024" 1024, "4096" 4096, "65536" 65536, "262144" 262144)
set xrange [*:*]
set key outside right
plot for [i=1:words(lines)] in."/size-".word(lines, i) using 1:2 with linespoints linestyle i title word(names, i) noenhanced

set output out."/cost-by-pattern.svg"
set title "16 MiB, by what is done with it"
unset logscale x
unset xlabel
set xrange [-0.6:*]
set style data histogram
set style histogram clustered gap 1
set boxwidth 0.9
set xtics rotate by -35 noenhanced autofreq
set key outside right noenhanced
plot for [i=2:6] in."/pattern" using i:xtic(1) linestyle i-1 title columnheader(i)
