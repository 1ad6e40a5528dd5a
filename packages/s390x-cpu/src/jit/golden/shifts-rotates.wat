;; # A hash: shifts, rotation, and bits inserted from a rotated register.
;; # jit entry again
;;         larl  %r2,text
;;         lghi  %r3,8
;;         llilf %r1,0x811c9dc5
;; again:  llgc  %r4,0(%r2)
;;         rll   %r1,%r1,5
;;         xr    %r1,%r4
;;         risbg %r5,%r1,48,63,20
;;         risbgz %r6,%r1,56,63,0
;;         sllg  %r7,%r5,0(%r6)
;;         srak  %r0,%r1,3
;;         sla   %r0,1
;;         rosbg %r1,%r7,32,63,7
;;         la    %r2,1(%r2)
;;         brctg %r3,again
;;         svc   255
;; text:   .ascii "hash me!"
;;
;; 64-bit mode, 12 guest instructions in 2 blocks, 867 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r2 i64) (local $t16 i64) (local $t17 i64) (local $t18 i32) (local $t19 i32) (local $t20 i32) (local $t21 i64) (local $r4 i64)
    (local $r1 i64) (local $r5 i64) (local $r6 i64) (local $r7 i64) (local $r0 i64) (local $r3 i64) (local $t29 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r4 (i64.load (i32.const 1056)) (; %r4 ;))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $r5 (i64.load (i32.const 1064)) (; %r5 ;))
    (local.set $r6 (i64.load (i32.const 1072)) (; %r6 ;))
    (local.set $r7 (i64.load (i32.const 1080)) (; %r7 ;))
    (local.set $r0 (i64.load (i32.const 1024)) (; %r0 ;))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_again
        (block $to_leave

          ;; 10010 again: llgc %r4,0(%r2)
          (local.set $t16 (local.get $r2))
          (local.set $t17 (local.get $t16))
          (local.set $t18 (i32.wrap_i64 (local.get $t17)))
          (local.set $t19 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t18) (i32.const 8)) (i32.const 16368))))
          (if (i64.lt_u (i64.sub (i64.load (local.get $t19)) (local.get $t17)) (i64.const -4096)) (then
            (local.set $end (i32.const 17))
            (br $to_leave)
          ) (else
            (local.set $t20 (i32.sub (i32.load offset=8 (local.get $t19)) (local.get $t18)))
          ))
          (local.set $t21 (i64.load8_u offset=15 (local.get $t20)))
          (local.set $r4 (local.get $t21))

          ;; 10016: rll %r1,%r1,5
          (local.set $r1
            (i64.or
              (i64.and (local.get $r1) (i64.const 0xffffffff00000000))
              (i64.extend_i32_u (i32.rotl (i32.wrap_i64 (local.get $r1)) (i32.const 5)))))

          ;; 1001c: xr %r1,%r4
          (local.set $t20 (i32.wrap_i64 (local.get $r4)))
          (local.set $t19 (i32.xor (i32.wrap_i64 (local.get $r1)) (local.get $t20)))
          (local.set $r1 (i64.or (i64.and (local.get $r1) (i64.const 0xffffffff00000000)) (i64.extend_i32_u (local.get $t19))))
          (local.set $t18 (local.get $t19))
          (local.set $cc_b32 (i32.const 0))
          (local.set $cc_a32 (local.get $t18))
          (local.set $cc_kind (i32.const 5))

          ;; 1001e: risbg %r5,%r1,48,63,20
          (local.set $t21 (i64.rotl (local.get $r1) (i64.const 20)))
          (local.set $t17 (i64.or (i64.and (local.get $t21) (i64.const 65535)) (i64.and (local.get $r5) (i64.const 0xffffffffffff0000))))
          (local.set $r5 (local.get $t17))
          (local.set $t16 (local.get $t17))
          (local.set $cc_b64 (i64.const 0))
          (local.set $cc_a64 (local.get $t16))
          (local.set $cc_kind (i32.const 3))

          ;; 10024: risbgz %r6,%r1,56,63,0
          (local.set $t16 (i64.rotl (local.get $r1) (i64.const 0)))
          (local.set $t17 (i64.and (local.get $t16) (i64.const 255)))
          (local.set $r6 (local.get $t17))
          (local.set $t21 (local.get $t17))
          (local.set $cc_b64 (i64.const 0))
          (local.set $cc_a64 (local.get $t21))
          (local.set $cc_kind (i32.const 3))

          ;; 1002a: sllg %r7,%r5,0(%r6)
          (local.set $t21 (local.get $r6))
          (local.set $t18 (i32.and (i32.wrap_i64 (local.get $t21)) (i32.const 63)))
          (local.set $r7 (i64.shl (local.get $r5) (i64.extend_i32_u (local.get $t18))))

          ;; 10030: srak %r0,%r1,3
          (local.set $t18 (i32.wrap_i64 (i64.shr_s (i64.extend_i32_s (i32.wrap_i64 (local.get $r1))) (i64.const 3))))
          (local.set $r0 (i64.or (i64.and (local.get $r0) (i64.const 0xffffffff00000000)) (i64.extend_i32_u (local.get $t18))))
          (local.set $t19 (local.get $t18))
          (local.set $cc_b32 (i32.const 0))
          (local.set $cc_a32 (local.get $t19))
          (local.set $cc_kind (i32.const 1))

          ;; 10036: sla %r0,1
          (local.set $t21 (i64.extend_i32_s (i32.wrap_i64 (local.get $r0))))
          (local.set $t17 (i64.shl (local.get $t21) (i64.const 1)))
          (local.set $t19
            (i32.or
              (i32.and (i32.wrap_i64 (local.get $t17)) (i32.const 0x7fffffff))
              (i32.and (i32.wrap_i64 (local.get $t21)) (i32.const 0x80000000))))
          (local.set $r0 (i64.or (i64.and (local.get $r0) (i64.const 0xffffffff00000000)) (i64.extend_i32_u (local.get $t19))))
          (local.set $t18 (i64.ne (i64.shr_s (local.get $t17) (i64.const 31)) (i64.shr_s (local.get $t21) (i64.const 63))))
          (local.set $t20 (local.get $t19))
          (local.set $cc_b32 (i32.const 0))
          (local.set $cc_a32 (local.get $t20))
          (local.set $cc_kind (i32.const 1))
          (if (local.get $t18) (then
            (local.set $cc (i32.const 3))
            (local.set $cc_kind (i32.const 0))
          ))

          ;; 1003a: rosbg %r1,%r7,32,63,7
          (local.set $t17 (i64.rotl (local.get $r7) (i64.const 7)))
          (local.set $t21 (i64.or (local.get $r1) (i64.and (local.get $t17) (i64.const 0xffffffff))))
          (local.set $cc (i64.ne (i64.and (local.get $t21) (i64.const 0xffffffff)) (i64.const 0)))
          (local.set $cc_kind (i32.const 0))
          (local.set $r1 (local.get $t21))

          ;; 10040: la %r2,1(%r2)
          (local.set $t21 (i64.add (local.get $r2) (i64.const 1)))
          (local.set $r2 (local.get $t21))

          ;; 10044: brctg %r3,again
          (local.set $t21 (i64.sub (local.get $r3) (i64.const 1)))
          (local.set $r3 (local.get $t21))
          (local.set $t20 (i64.ne (local.get $t21) (i64.const 0)))
          (if (local.get $t20) (then
            (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
            (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
              (local.set $end (i32.const 16))
              (br $to_leave)
            ))
            (br $loop_again)
          ))
          (block $to_leave'

            ;; 10048: svc 255
            (local.set $end (i32.const 72))
            (br $to_leave')
            (unreachable)
          )

          ;; leave: where all exits of the block meet
          (br $to_exit)
        )

        ;; leave: where all exits of the block meet
        (br $to_exit)
      )
      (unreachable)
    )

    ;; exit: the instruction address
    (local.set $address (i64.add (local.get $base) (i64.extend_i32_s (i32.and (local.get $end) (i32.const -2)))))

    ;; store: registers that were changed, condition code, instruction address and budget back into memory
    (i64.store (i32.const 1056) (local.get $r4)) (; %r4 ;)
    (i64.store (i32.const 1032) (local.get $r1)) (; %r1 ;)
    (i64.store (i32.const 1064) (local.get $r5)) (; %r5 ;)
    (i64.store (i32.const 1072) (local.get $r6)) (; %r6 ;)
    (i64.store (i32.const 1080) (local.get $r7)) (; %r7 ;)
    (i64.store (i32.const 1024) (local.get $r0)) (; %r0 ;)
    (i64.store (i32.const 1040) (local.get $r2)) (; %r2 ;)
    (i64.store (i32.const 1048) (local.get $r3)) (; %r3 ;)
    (if (local.get $cc_kind) (then
      (local.set $t29
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t29 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t29)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)
