# Hashes, regular expressions, sorting, string building and subroutine calls over a text; N rounds.
use strict;
use warnings;

my ($rounds, $file) = @ARGV;

sub gcd { my ($m, $n) = @_; return $n ? gcd($n, $m % $n) : $m }

sub read_all {
    open my $in, '<', $file or die "$file: $!";
    local $/;
    return scalar <$in>;
}

my $text = read_all();
for my $round (1 .. $rounds) {
    my %count;
    $count{lc $1}++ while $text =~ /\b([A-Za-z]+)\b/g;
    my @top = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
    my $vowels = () = $text =~ /[aeiou]{2,}/g;
    (my $other = substr $text, 0, 50000) =~ s/(\w+) (\w+)/$2 $1/g;
    my $sum = 0;
    $sum += gcd($_ * 7 + $round, 360) for 1 .. 4000;
    my $packed = unpack '%32C*', $other;
    print join(' ', $round, scalar(@top), "@top[0 .. 4]", $vowels, $sum, $packed), "\n";
}
