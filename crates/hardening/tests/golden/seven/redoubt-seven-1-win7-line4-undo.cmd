@echo off
rem Redoubt plan seven-1: runs redoubt-seven-1-win7-line4.cmd undo
call "%~dp0redoubt-seven-1-win7-line4.cmd" undo %*
set "RD_EXIT=%errorlevel%"
pause
exit /b %RD_EXIT%
