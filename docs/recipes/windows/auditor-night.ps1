# C:\ProgramData\auditor\auditor-night.ps1: one night's audit, started by the Task Scheduler.
# After an outage it continues an hour later, four times at most. Its exit code is the task's "Last Run Result".
$ErrorActionPreference = 'Stop'
$folder = 'C:\ProgramData\auditor'
$log = Join-Path $folder 'night.log'
$code = 1
foreach ($try in 1..5) {
    if ($try -gt 1) { Start-Sleep -Seconds 3600 }
    # cmd.exe writes the log: PowerShell 5.1 makes an error of each line of standard error
    cmd.exe /c "auditor run --continue -q --config `"$folder\auditor.toml`" >> `"$log`" 2>&1"
    $code = $LASTEXITCODE
    if ($code -notin 3, 6) { break }
}
# 10: complete, and customers are newly blocked. That is a result, no failure
if ($code -eq 10) { exit 0 }
if ($code -ne 0) {
    # once, as an administrator: New-EventLog -LogName Application -Source auditor
    $message = "auditor ended with exit code $code; docs/runbook.md says what to do.`n" + ((Get-Content $log -Tail 20) -join "`n")
    Write-EventLog -LogName Application -Source auditor -EventId $code -EntryType Error -Message $message
}
exit $code
