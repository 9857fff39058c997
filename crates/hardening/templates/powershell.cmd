rem ---- settings that only PowerShell reads and writes -----------------------------------------

:ps_get
rem PS_VALUE is the first line that OP_GET prints; nothing stays nothing.
set "PS_VALUE="
"%RD_POWERSHELL%" -NoProfile -NonInteractive -ExecutionPolicy Bypass -Command "%OP_GET%" >"%RD_DIR%\q.tmp" 2>nul <nul
for /f "usebackq tokens=1" %%a in ("%RD_DIR%\q.tmp") do if not defined PS_VALUE set "PS_VALUE=%%a"
exit /b 0

:op_powershell_value
if "%RD_MODE%"=="undo" goto :powershell_undo
if "%RD_MODE%"=="verify" goto :powershell_check
if exist "%RD_DIR%\%OP%.sav" goto :powershell_set
call :ps_get
set "RD_KNOWN="
for %%v in (%OP_VALUES%) do if /i "%PS_VALUE%"=="%%v" set "RD_KNOWN=1"
if not defined RD_KNOWN goto :save_failed
set "RG_STATE=present"
set "RG_TYPE="
set "RG_DATA=%PS_VALUE%"
call :state_write %OP%
if errorlevel 1 goto :save_failed
:powershell_set
call :ps_get
if /i not "%PS_VALUE%"=="%OP_VALUE%" "%RD_POWERSHELL%" -NoProfile -NonInteractive -ExecutionPolicy Bypass -Command "%OP_SET%" >nul 2>&1 <nul
:powershell_check
call :ps_get
if not defined PS_VALUE goto :service_no_answer
if /i not "%PS_VALUE%"=="%OP_VALUE%" call :bad read-back-differs
if /i not "%PS_VALUE%"=="%OP_VALUE%" exit /b 1
call :good
exit /b 0
:powershell_undo
call :state_read %OP%
if errorlevel 1 goto :undone_nothing
for %%v in (%OP_VALUES%) do if /i "%SV_DATA%"=="%%v" call :powershell_restore %%v
call :ps_get
if /i not "%PS_VALUE%"=="%SV_DATA%" goto :undo_failed
del /q "%RD_DIR%\%OP%.sav" >nul 2>&1
call :good restored
exit /b 0
:powershell_restore
if /i "%~1"=="%OP_VALUE%" exit /b 0
"%RD_POWERSHELL%" -NoProfile -NonInteractive -ExecutionPolicy Bypass -Command "%OP_UNSET%" >nul 2>&1 <nul
exit /b 0

:op_powershell_script
rem The .ps1 beside this file does this one operation, with the same saved state, and ends with one word.
set "PS_VALUE="
"%RD_POWERSHELL%" -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "%RD_HERE%%OP_SCRIPT%" %RD_MODE% -Operation %OP% >"%RD_DIR%\q.tmp" 2>nul <nul
for /f "usebackq tokens=1" %%a in ("%RD_DIR%\q.tmp") do set "PS_VALUE=%%a"
if not defined PS_VALUE goto :service_no_answer
if not "%PS_VALUE%"=="ok" call :bad powershell-failed
if not "%PS_VALUE%"=="ok" exit /b 1
call :good
exit /b 0
