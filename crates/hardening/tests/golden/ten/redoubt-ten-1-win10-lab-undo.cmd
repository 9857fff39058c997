@echo off
rem Redoubt plan ten-1: runs redoubt-ten-1-win10-lab.cmd undo
call "%~dp0redoubt-ten-1-win10-lab.cmd" undo %*
set "RD_EXIT=%errorlevel%"
pause
exit /b %RD_EXIT%
