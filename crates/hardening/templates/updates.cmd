rem ---- updates --------------------------------------------------------------------------------

:kb_installed
rem KB_FOUND when KB%1 is installed; KB_ANSWER when any source answered at all.
"%RD_REG%" query "HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\HotFix" >"%RD_DIR%\q.tmp" 2>nul
for /f "usebackq delims=" %%a in ("%RD_DIR%\q.tmp") do call :kb_line "%%~nxa" KB%~1
set "RD_CBS=HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages"
"%RD_REG%" query "%RD_CBS%" >"%RD_DIR%\i.tmp" 2>nul
for /f "usebackq delims=" %%a in ("%RD_DIR%\i.tmp") do call :kb_package_line "%%~nxa" Package_for_KB%~1
if exist "%RD_SYS%\wbem\wmic.exe" for /f "tokens=1" %%h in ('%RD_SYS%\wbem\wmic.exe qfe get HotFixID 2^>nul ^<nul') do call :kb_line "%%h" KB%~1
exit /b 0
:kb_line
rem Only a KB number, or the heading of wmic's list, is an answer; the key's own name is none.
set "RD_WORD=%~1"
if /i "%RD_WORD%"=="HotFixID" set "KB_ANSWER=1"
if /i "%RD_WORD:~0,2%"=="KB" set "KB_ANSWER=1"
if /i "%~1"=="%~2" set "KB_FOUND=1"
exit /b 0
:kb_package_line
for /f "tokens=1 delims=~" %%p in ("%~1") do if /i "%%p"=="%~2" call :kb_package "%~1"
exit /b 0
:kb_package
set "OP_KEY=%RD_CBS%\%~1"
rem 0x70 is installed; 0x60 waits for a restart.
set "OP_NAME=CurrentState"
call :reg_get
set "KB_ANSWER=1"
if "%RG_DATA%"=="0x70" set "KB_FOUND=1"
exit /b 0

:pending_get
rem RD_PENDING when a restart is due: servicing says so, or files still wait to be replaced as they did after the installation.
set "RD_PENDING="
set "OP_KEY=HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
call :key_get
if "%RG_STATE%"=="present" set "RD_PENDING=1"
set "OP_KEY=HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager"
set "OP_NAME=PendingFileRenameOperations"
call :reg_get
call :state_read %OP%-renames
if "%SV_STATE%"=="present" if "%RG_STATE%"=="present" if "%RG_DATA%"=="%SV_DATA%" set "RD_PENDING=1"
exit /b 0

:op_update
set "KB_FOUND="
set "KB_ANSWER="
for %%k in (%OP_KBS%) do call :kb_installed %%k
if "%RD_MODE%"=="undo" goto :update_kept
if "%RD_MODE%"=="verify" goto :update_check
if not exist "%RD_DIR%\%OP%-renames.sav" goto :update_find
call :pending_get
if defined RD_PENDING goto :update_restart
del /q "%RD_DIR%\%OP%-renames.sav" >nul 2>&1
goto :update_check
:update_find
if defined KB_FOUND goto :update_there
set "RD_PACKAGE="
set "RD_HASH="
for %%d in ("%RD_HERE%" "%RD_HERE%packages\") do for %%k in (%OP_KBS%) do for %%e in (msu exe cab) do call :update_look "%%~d" %%k %%e
if not defined RD_PACKAGE call :bad package-not-found
if not defined RD_PACKAGE set "RD_STOP=1"
if not defined RD_PACKAGE exit /b 1
call :update_hash
if errorlevel 1 goto :update_refused
echo   installing "%RD_PACKAGE%"
set "RD_RC="
if /i "%RD_KIND%"=="msu" "%RD_SYS%\wusa.exe" "%RD_PACKAGE%" /quiet /norestart
if /i "%RD_KIND%"=="msu" call :update_rc
if /i "%RD_KIND%"=="cab" "%RD_DISM%" /online /add-package /packagepath:"%RD_PACKAGE%" /quiet /norestart
if /i "%RD_KIND%"=="cab" call :update_rc
if /i "%RD_KIND%"=="exe" "%RD_PACKAGE%" /quiet /norestart
if /i "%RD_KIND%"=="exe" call :update_rc
>>"%RD_OUT%" echo op.%OP%.installer-exit=%RD_RC%
if "%RD_RC%"=="3010" goto :update_mark
if "%RD_RC%"=="1641" goto :update_mark
if "%RD_RC%"=="2359302" goto :update_check
if "%RD_RC%"=="-2145124329" call :bad package-not-for-this-system
if "%RD_RC%"=="-2145124329" set "RD_STOP=1"
if "%RD_RC%"=="-2145124329" exit /b 1
if not "%RD_RC%"=="0" call :bad installer-failed
if not "%RD_RC%"=="0" set "RD_STOP=1"
if not "%RD_RC%"=="0" exit /b 1
if defined OP_REBOOT goto :update_mark
set "KB_FOUND="
for %%k in (%OP_KBS%) do call :kb_installed %%k
:update_check
if defined KB_FOUND goto :update_there
if not "%RD_MODE%"=="verify" set "RD_STOP=1"
if not defined KB_ANSWER goto :service_no_answer
call :bad update-not-installed
exit /b 1
:update_there
call :good installed
exit /b 0
:update_refused
rem A package that is not the known one is never started.
set "RD_STOP=1"
exit /b 1
:update_kept
call :not_checked updates-are-kept
exit /b 0
:update_mark
set "OP_KEY=HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager"
set "OP_NAME=PendingFileRenameOperations"
call :reg_save %OP%-renames
:update_restart
set "RD_REBOOT=1"
set "RD_STOP=1"
set "RD_STEP_STATE=pending-reboot"
call :not_checked restart-then-run-again
exit /b 0
:update_rc
set "RD_RC=%errorlevel%"
exit /b 0

:update_look
rem The first package whose name holds the KB number; one that also names the architecture wins.
for /f "delims=" %%f in ('dir /b /a-d "%~1*KB%~2*.%~3" 2^>nul') do call :update_take "%~1%%f" %~2 %~3
for /f "delims=" %%f in ('dir /b /a-d "%~1*KB%~2*%RD_ARCH%*.%~3" 2^>nul') do call :update_arch "%~1%%f" %~2 %~3
exit /b 0
:update_take
if defined RD_PACKAGE exit /b 0
:update_arch
set "RD_PACKAGE=%~1"
set "RD_KB=%~2"
set "RD_KIND=%~3"
exit /b 0

:update_hash
rem The expected SHA-256 is in OP_HASHES when it is known. Systems without certutil cannot check it; they say so.
set "RD_EXPECTED="
for %%h in (%OP_HASHES%) do call :hash_line %%h
if not defined RD_EXPECTED goto :hash_unknown
if not exist "%RD_SYS%\certutil.exe" goto :hash_unchecked
"%RD_SYS%\certutil.exe" -hashfile "%RD_PACKAGE%" SHA256 >"%RD_DIR%\q.tmp" 2>nul
set "RD_ACTUAL="
for /f "usebackq skip=1 delims=" %%a in ("%RD_DIR%\q.tmp") do if not defined RD_ACTUAL set "RD_ACTUAL=%%a"
if not defined RD_ACTUAL call :bad hash-not-readable
if not defined RD_ACTUAL exit /b 1
rem Windows 7 prints a space between the bytes.
set "RD_ACTUAL=%RD_ACTUAL: =%"
if /i not "%RD_ACTUAL%"=="%RD_EXPECTED%" call :bad hash-differs
if /i not "%RD_ACTUAL%"=="%RD_EXPECTED%" exit /b 1
>>"%RD_OUT%" echo op.%OP%.hash=verified
exit /b 0
:hash_line
for /f "tokens=1,2 delims=-" %%a in ("%~1") do if "%%a"=="%RD_KB%" set "RD_EXPECTED=%%b"
exit /b 0
:hash_unknown
echo   No known hash for "%RD_PACKAGE%": look at its digital signature (Properties, Digital Signatures) before you trust it.
>>"%RD_OUT%" echo op.%OP%.hash=unknown
exit /b 0
:hash_unchecked
echo   No program here to check the hash of "%RD_PACKAGE%": look at its digital signature before you trust it.
>>"%RD_OUT%" echo op.%OP%.hash=unchecked
exit /b 0
