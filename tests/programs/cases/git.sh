# tags: arm64
export GIT_AUTHOR_DATE='2024-01-02T03:04:05Z' GIT_COMMITTER_DATE='2024-01-02T03:04:05Z'
git config --global user.name 'A Person'
git config --global user.email a@example.org
git config --global init.defaultBranch main
git init repo
cd repo || exit
seq 20 >numbers
mkdir dir
echo text >dir/file
git add .
git commit -m 'first commit'
sed -i 's/^7$/seven/' numbers
git diff
git commit -am 'change seven'
git checkout -q -b side HEAD~1
echo more >>dir/file
git commit -qam 'side work'
git merge --no-edit main
git log --oneline --graph --stat
git show --stat HEAD~1
git status --short --branch
git gc -q
git fsck
git cat-file -p 'HEAD^{tree}'
git clone -q . ../clone
git -C ../clone log --format='%h %s %an' main
git grep -n seven main
git no-such-command
echo $?
rm -rf .git/index .git/objects/pack ../clone ~/.gitconfig .git/logs
