# tags: arm64
apt-config dump | grep -E '^APT::(Architecture|Get)' | sort
apt-cache policy bash | head -n 3
apt-cache pkgnames | sort | head -n 5
apt-get -s -o Debug::NoLocking=1 remove jq | grep -E '^Remv'
apt-get --version | head -n 1
apt-mark showmanual | sort | head -n 3
