@echo off
rem Redoubt plan xp-1: runs redoubt-xp-1-xp-office.cmd undo
call "%~dp0redoubt-xp-1-xp-office.cmd" undo %*
set "RD_EXIT=%errorlevel%"
pause
exit /b %RD_EXIT%
