# tags: arm64
perl -we '
use strict; use List::Util qw(sum max shuffle); use POSIX qw(floor strftime); use Time::HiRes qw(time);
my %count; $count{$_ % 7}++ for 1 .. 1000;
print join(",", map { "$_=$count{$_}" } sort keys %count), "\n";
my $text = "The year 1999 and 2024"; (my $other = $text) =~ s/(\d+)/<$1>/g; print "$other\n";
print "match $1\n" while $text =~ /(\d{4})/g;
printf "%.10f %e %s %b\n", atan2(1, 1) * 4, 1.5e100, 0.1 + 0.2, 10;
print sum(1 .. 100), " ", max(3, 9, 2), " ", floor(-2.5), "\n";
print strftime("%Y-%m-%d", gmtime(86400 * 365)), "\n";
my @sorted = sort { $b <=> $a } map { ($_ * 7919) % 101 } 1 .. 20; print "@sorted\n";
my $pid = fork; if (!$pid) { exit 3 } waitpid $pid, 0; print $? >> 8, "\n";
open my $p, "-|", "echo", "from a pipe" or die; print <$p>; close $p;
local $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; select undef, undef, undef, 5; }; print $@;
print pack("w/a N n", "hello", 1, 2) =~ /hello/ ? "packed\n" : "no\n", 2 ** 53 + 1, " ", 9007199254740993, "\n";
print "ok\n" if "\x{e9}" =~ /\w/; print crypt("x", "ab") // "undef", "\n"; print sprintf("%vd", "1.22.333"), "\n";
'
perl -e 'die "message\n"'
echo $?
printf 'b\na\n' | perl -ne 'push @l, $_; END { print sort @l }'
perl -MData::Dumper -e '$Data::Dumper::Sortkeys = 1; print Dumper({a => [1, {b => undef}], c => \"s"})'
