# SPDX-License-Identifier: GPL-2.0-only
# Draws what document has sorted out of the rows: in is a folder with the data,
# out one for the pictures. plot.style has the colours of text and background.
set terminal svg size 760,420 dynamic font "sans-serif,14" linewidth 1.2
set border 3 linecolor rgb "#808080"
set tics nomirror
set grid xtics ytics linecolor rgb "#808080" linewidth 0.3 dashtype 3
set title noenhanced
set key noenhanced
set datafile separator ","
set style line 1 linecolor rgb "#2a7fff" linewidth 2 pointtype 7 pointsize 0.7
set style line 2 linecolor rgb "#5c9dff" linewidth 2 pointtype 6 pointsize 0.7
set style line 3 linecolor rgb "#2f9e44" linewidth 2 pointtype 5 pointsize 0.7
set style line 4 linecolor rgb "#e8590c" linewidth 2 pointtype 9 pointsize 0.8
set style line 5 linecolor rgb "#c05fd6" linewidth 2 pointtype 11 pointsize 0.8
set style line 6 linecolor rgb "#909090" linewidth 2 pointtype 13 pointsize 0.8

# A dot on a logarithmic axis has no foot, so its length misleads nobody.
set output out."/cost-by-strategy.svg"
set title "Linux 6.1: mmap, read each page, munmap (16 MiB)"
set xlabel "instructions for each page (logarithmic)"
set logscale x
set format x "%.0f"
set xrange [20:6000]
set yrange [0.4:*]
set ytics noenhanced
set grid noytics
set key outside top center horizontal
files = "fault eager memory"
kinds = '"fault handler" "eager strategy" "the kernel''s own memory"'
set linetype 1 linecolor rgb "#2a7fff"
set linetype 2 linecolor rgb "#e8590c"
set linetype 3 linecolor rgb "#909090"
plot for [i=1:3] in."/strategy-".word(files, i) using 2:3:ytic(1) with points linetype i pointtype 7 pointsize 1 title word(kinds, i), \
	for [i=1:3] in."/strategy-".word(files, i) using 2:3:(sprintf("%.0f", $2)) with labels left offset 0.8,0 notitle

set output out."/cost-by-size.svg"
set title "Linux 6.1: the same work, from 16 pages to 262,144 (1 GiB)"
set xlabel "pages"
set ylabel "instructions for each page (logarithmic)"
unset logscale x
set logscale y
set format y "%.0f"
set logscale x 2
set xtics ("16" 16, "256" 256, "1024" 1024, "4096" 4096, "65536" 65536, "262144" 262144)
set ytics autofreq
set grid ytics
set xrange [*:*]
set yrange [5:*]
set key outside right top vertical
plot for [i=1:words(lines)] in."/size-".word(lines, i) using 1:2 with linespoints linestyle i title word(names, i)

# One row of dots for each work.
set output out."/cost-by-pattern.svg"
set title "Linux 6.1: 16 MiB, by what is done with it"
set xlabel "instructions for each page (logarithmic)"
unset ylabel
unset logscale
set logscale x
set format x "%.0f"
set xrange [*:*]
set xtics autofreq
set yrange [7.6:-0.6]
set ytics noenhanced
set grid ytics
set key outside top center horizontal
plot for [i=2:6] in."/pattern" using i:0:ytic(1) with points linestyle i-1 pointsize 1 title columnheader(i)
