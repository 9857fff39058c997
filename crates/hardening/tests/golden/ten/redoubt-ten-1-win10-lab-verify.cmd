@echo off
rem Redoubt plan ten-1: runs redoubt-ten-1-win10-lab.cmd verify
call "%~dp0redoubt-ten-1-win10-lab.cmd" verify %*
set "RD_EXIT=%errorlevel%"
pause
exit /b %RD_EXIT%
