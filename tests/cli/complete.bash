# complete.bash SCRIPT LINE: what bash's completion function answers for a line, one a line. Readline parts words at '='.
source "$1"
compopt() { :; }
COMP_LINE=$2
read -ra COMP_WORDS <<< "${2//=/ = }"
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
COMPREPLY=()
_rnnc
printf '%s\n' "${COMPREPLY[@]}"
