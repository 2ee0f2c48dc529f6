# Relays between stdin and stdout and a TCP port, which is the argument.
#
# With a descriptor as second argument it relays that, a socket, instead of stdin and stdout. Each
# direction ends by itself. When one fails the whole process ends, without a word to either side.
# It is in Perl because that starts ten times as fast as Python, and the batteries start it often.

use strict;
use warnings;
use Errno qw(EAGAIN EINTR);
use Fcntl qw(F_SETFL O_NONBLOCK);
use Socket;

my ($port, $descriptor) = @ARGV;
$SIG{PIPE} = "IGNORE";

socket(my $connection, PF_INET, SOCK_STREAM, 0) or exit 1;
connect($connection, pack_sockaddr_in($port, INADDR_LOOPBACK)) or exit 1;

my ($input, $output) = (\*STDIN, \*STDOUT);
if (defined $descriptor) {
    open($input, "+<&=", $descriptor) or exit 1;
    $output = $input;
}

my @directions = (
    { from => $input, to => $connection, end => sub { shutdown($connection, 1) } },
    {
        from => $connection,
        to   => $output,
        end  => sub { defined $descriptor ? shutdown($output, 1) : close($output) },
    },
);
for (@directions) {
    $_->{bytes} = "";
    fcntl($_->{to}, F_SETFL, O_NONBLOCK) or exit 1;
}

while (my @open = grep { !$_->{ended} } @directions) {
    my ($readable, $writable) = ("", "");
    for (@open) {
        if ($_->{bytes} eq "") { vec($readable, fileno($_->{from}), 1) = 1 }
        else                   { vec($writable, fileno($_->{to}),   1) = 1 }
    }
    select($readable, $writable, undef, undef);
    for (@open) {
        if ($_->{bytes} eq "") { receive($_) if vec($readable, fileno($_->{from}), 1) }
        else                   { send_on($_) if vec($writable, fileno($_->{to}), 1) }
    }
}

sub receive {
    my ($direction) = @_;
    my $count = checked(sysread($direction->{from}, $direction->{bytes}, 65_536));
    return if !defined $count || $count > 0;
    $direction->{ended} = 1;
    $direction->{end}->();
}

sub send_on {
    my ($direction) = @_;
    my $count = checked(syswrite($direction->{to}, $direction->{bytes}));
    substr($direction->{bytes}, 0, $count, "") if defined $count;
}

# What a call returned; undefined where it has to be tried again. Ends the process if it failed.
sub checked {
    my ($count) = @_;
    exit 1 unless defined $count || $! == EAGAIN || $! == EINTR;
    return $count;
}
