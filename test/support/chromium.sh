#!/bin/sh
# Chromium, whose profile goes with it: whoever started it may have been killed, and then nobody else removes the folder.
# Chromium ends by itself when the pipe of its debugger closes.
/usr/bin/chromium "$@"
status=$?
for argument; do
  case $argument in
    --user-data-dir=*/playwright_chromiumdev_profile-*) rm -rf "${argument#*=}" ;;
  esac
done
exit $status
